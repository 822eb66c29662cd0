"""The sources of time, chance and ids, which tests and the simulation replace."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Time and chance. `random` is uniform in 0 to 1; `random_bits` gives so many random bits;
    `make_id` gives ids that sort by the time at which they were made."""

    monotonic_s: Callable[[], float]
    unix_ns: Callable[[], int]
    random: Callable[[], float]
    random_bits: Callable[[int], int]
    make_id: Callable[[], bytes]
