"""Durations as people write them: 30s, 15m, 12h, 7d."""

import re
from typing import Final

from angarium_cli.failure import CommandFailed

_DURATION: Final = re.compile(r"([1-9]\d{0,5})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def seconds_of(text: str, option: str, *, longest_s: int) -> int:
    """The seconds of a duration. Raises CommandFailed, which names the option."""
    written = _DURATION.fullmatch(text)
    seconds = int(written[1]) * _SECONDS[written[2]] if written else 0
    if not 0 < seconds <= longest_s:
        raise CommandFailed(
            f"{option} {text!r} is not a duration such as 30m, 12h or 7d, of at most"
            f" {longest_s // 86_400} days"
        )
    return seconds
