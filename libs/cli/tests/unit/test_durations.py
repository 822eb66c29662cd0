"""Durations on the command line."""

import pytest
from angarium_cli.durations import seconds_of
from angarium_cli.failure import CommandFailed


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("12h", 43_200), ("7d", 604_800)]
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert seconds_of(text, "--expires-in", longest_s=604_800) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "0m", "-1h", "8d", "1w", "1.5h", "1 h", "999999d", "\uff11h"]
)
def test_what_is_no_duration_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(CommandFailed, match=r"--expires-in .* at most 7 days"):
        seconds_of(text, "--expires-in", longest_s=604_800)
