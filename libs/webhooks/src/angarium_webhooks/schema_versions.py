"""Versions of an event type's schemas, and which of them is the newest."""

import re
from collections.abc import Iterable
from typing import Final

_DIGITS: Final = re.compile(r"([0-9]+)")


def newest_version(versions: Iterable[str]) -> str | None:
    """The greatest version; None if there is none. Digits within versions compare as numbers:
    `10` is newer than `9`, and `1.10` than `1.9`."""
    return max(versions, key=_order, default=None)


def _order(version: str) -> list[tuple[int, int, str]]:
    parts = _DIGITS.split(version)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
