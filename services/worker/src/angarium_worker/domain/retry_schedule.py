"""Times of the retries of a failed delivery."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

DELAYS_MAX: Final = 50
DELAY_S_MAX: Final = 30 * 24 * 3_600.0
DEFAULT_SCHEDULE: Final = "5s,5m,30m,2h,5h,10h,14h,20h,24h"
JITTER_MAX: Final = 0.5

_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)")


class ScheduleRefused(ValueError):
    """A retry schedule that cannot be used; the text says which part and what to write."""


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """The delays after the first, second, … failed attempt, in seconds, at most 50 of up to 30
    days each. `jitter` (0 to 0.5) is the share by which a delay may be shorter or longer, so
    that deliveries that failed together do not come back together."""

    delays_s: tuple[float, ...]
    jitter: float = 0.2

    def __post_init__(self) -> None:
        if len(self.delays_s) > DELAYS_MAX:
            raise ScheduleRefused(f"a retry schedule has at most {DELAYS_MAX} delays")
        if any(not 0 < delay_s <= DELAY_S_MAX for delay_s in self.delays_s):
            raise ScheduleRefused("a delay is longer than 0 and at most 30 days")
        if not 0 <= self.jitter <= JITTER_MAX:
            raise ScheduleRefused(f"jitter is 0 to {JITTER_MAX}, such as 0.2 for ±20 %")

    def delay_after_s(self, attempts_made: int, random: float) -> float | None:
        """Delay after `attempts_made` attempts (at least 1); None after the last one.

        `random` is uniform in 0 to 1. The result lies within the jitter around the delay.
        """
        if attempts_made > len(self.delays_s):
            return None
        return self.delays_s[attempts_made - 1] * (1 + self.jitter * (2 * random - 1))


def effective_delays(
    endpoint: Sequence[float] | None,
    message: Sequence[float] | None,
    default: Sequence[float],
) -> tuple[float, ...]:
    """The delays that count for a delivery: the endpoint's, else the message's, else the
    worker's. None is not set; an empty schedule is one, without retries."""
    if endpoint is not None:
        return tuple(endpoint)
    return tuple(default if message is None else message)


def parse_delays(text: str) -> tuple[float, ...]:
    """Read `5s,5m,2h` (units ms, s, m, h, d). Empty text: no retries. Raises ScheduleRefused."""
    if not text.strip():
        return ()
    return tuple(_parse_duration(part.strip()) for part in text.split(","))


def _parse_duration(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ScheduleRefused(
            f"{text[:40]!r} is no duration; write a number and a unit (ms, s, m, h or d),"
            " such as 5s,5m,2h"
        )
    return float(match[1]) * _UNITS_S[match[2]]
