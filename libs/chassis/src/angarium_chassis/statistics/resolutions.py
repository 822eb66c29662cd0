"""The lengths of the periods that roll-ups have. Times are microseconds of Unix time."""

from enum import IntEnum
from typing import Final


class Resolution(IntEnum):
    """Length of a roll-up's period. The numbers are stored."""

    MINUTE = 0
    HOUR = 1
    DAY = 2


LENGTH_US: Final = {
    Resolution.MINUTE: 60_000_000,
    Resolution.HOUR: 3_600_000_000,
    Resolution.DAY: 86_400_000_000,
}


def start_of(at_us: int, resolution: Resolution) -> int:
    """The beginning of the period (UTC) that has this time."""
    return at_us - at_us % LENGTH_US[resolution]
