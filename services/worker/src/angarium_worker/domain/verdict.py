"""What follows from an attempt, or from not making one."""

from dataclasses import dataclass

from .retry_schedule import RetrySchedule

PARKED_S = 5.0
"""A delivery that could not be attempted, for no fault of its endpoint, waits so long."""
UNUSABLE_PARKED_S = 60.0
"""So long, when only the operator can help: the endpoint's secret cannot be opened."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The endpoint took the message. The delivery has ended."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The attempt failed; the next is due `delay_s` from now."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The attempt failed and was the last of the schedule. The delivery has ended."""


@dataclass(frozen=True, slots=True)
class Parked:
    """Nothing reached the endpoint, and no attempt is counted; again `delay_s` from now."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Nothing is to be sent any more, for this reason. The delivery has ended."""

    reason: str


type Judgement = Delivered | Retry | Exhausted
type Verdict = Judgement | Parked | Cancelled

DELIVERED = Delivered()
EXHAUSTED = Exhausted()


def judge(status: int, number: int, schedule: RetrySchedule, random: float) -> Judgement:
    """The verdict on attempt `number` (from 1) of a delivery.

    `status` is the answer's HTTP status, 0 when none came. 2xx is delivered, all else has
    failed, redirects included (Standard Webhooks, "Deliverability and reliability").
    """
    if 200 <= status <= 299:
        return DELIVERED
    delay_s = schedule.delay_after_s(number, random)
    return EXHAUSTED if delay_s is None else Retry(delay_s)
