"""Decides what follows an attempt, or an attempt that was not made."""

from dataclasses import dataclass

from .attempt_result import (
    AbortRequested,
    Accepted,
    Attempted,
    DisableRequested,
    EndpointGone,
    Throttled,
)
from .retry_after import RETRY_AFTER_S_MAX
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
class Gone:
    """The endpoint wants no webhooks any more. The delivery has ended, and so do all others to
    this endpoint."""


@dataclass(frozen=True, slots=True)
class Aborted:
    """The attempt failed, and the endpoint asked for no other. The delivery has ended."""


@dataclass(frozen=True, slots=True)
class Parked:
    """Nothing reached the endpoint, and no attempt is counted; again `delay_s` from now."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class Queued:
    """Nothing was sent: the delivery waits in its endpoint's lane, where first attempts go
    ahead of `retry`."""

    retry: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Nothing is to be sent any more, for this reason. The delivery has ended."""

    reason: str


type Judgement = Delivered | Retry | Exhausted | Gone | Aborted
type Unsent = Parked | Queued | Cancelled
type Verdict = Judgement | Unsent

QUEUED = Queued()
QUEUED_RETRY = Queued(retry=True)
DELIVERED = Delivered()
EXHAUSTED = Exhausted()
ENDPOINT_GONE = Gone()
ABORTED = Aborted()


def judge(result: Attempted, number: int, schedule: RetrySchedule, random: float) -> Judgement:
    """The verdict on attempt `number` (from 1) of a delivery.

    Where the endpoint says how long it wants to be left alone, the next attempt is due then, at
    most a day from now, but never before the schedule's next step.
    """
    if isinstance(result, Accepted):
        return DELIVERED
    if isinstance(result, EndpointGone):
        return ENDPOINT_GONE
    if isinstance(result, DisableRequested):
        return DELIVERED if isinstance(result.answer, Accepted) else ENDPOINT_GONE
    if isinstance(result, AbortRequested):
        return ABORTED
    delay_s = schedule.delay_after_s(number, random)
    if delay_s is None:
        return EXHAUSTED
    if isinstance(result, Throttled) and result.retry_after_s is not None:
        delay_s = max(delay_s, min(result.retry_after_s, RETRY_AFTER_S_MAX))
    return Retry(delay_s)
