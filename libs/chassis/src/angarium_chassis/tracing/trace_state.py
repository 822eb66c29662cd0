"""The header `tracestate`: what the tracing systems of a client say about a trace."""

import re
from typing import Final

_LENGTH_MAX: Final = 512
_MEMBERS_MAX: Final = 32
_KEY: Final = r"[a-z0-9][a-z0-9_\-*/]{0,240}(?:@[a-z0-9][a-z0-9_\-*/]{0,13})?"
_VALUE: Final = r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_MEMBER: Final = re.compile(rf"({_KEY})=({_VALUE})")


def parse_tracestate(text: str | None) -> list[tuple[str, str]]:
    """The members of a `tracestate`, in order; none if it is absent, too long or not valid."""
    if not text or len(text) > _LENGTH_MAX:
        return []
    members: dict[str, str] = {}
    for part in text.split(","):
        stripped = part.strip(" \t")
        if not stripped:
            continue
        found = _MEMBER.fullmatch(stripped)
        if found is None or found[1] in members:
            return []
        members[found[1]] = found[2]
    return list(members.items()) if len(members) <= _MEMBERS_MAX else []
