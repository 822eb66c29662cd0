"""What follows from an attempt, or from not making one."""

from dataclasses import dataclass

from .retry_after import RETRY_AFTER_S_MAX, THROTTLING_STATUSES
from .retry_schedule import RetrySchedule

PARKED_S = 5.0
"""A delivery that could not be attempted, for no fault of its endpoint, waits so long."""
UNUSABLE_PARKED_S = 60.0
"""So long, when only the operator can help: the endpoint's secret cannot be opened."""
GONE = 410


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


type Judgement = Delivered | Retry | Exhausted | Gone
type Unsent = Parked | Queued | Cancelled
type Verdict = Judgement | Unsent

QUEUED = Queued()
QUEUED_RETRY = Queued(retry=True)
DELIVERED = Delivered()
EXHAUSTED = Exhausted()
ENDPOINT_GONE = Gone()


def judge(
    status: int,
    number: int,
    schedule: RetrySchedule,
    random: float,
    retry_after_s: float | None = None,
) -> Judgement:
    """The verdict on attempt `number` (from 1) of a delivery.

    `status` is the answer's HTTP status, 0 when none came. 2xx is delivered, 410 ends it, all
    else has failed, redirects included (Standard Webhooks, "Deliverability and reliability").

    `retry_after_s` counts for 429 and 503 only: the next attempt is then due when the endpoint
    asks for it, at most a day from now, but never before the schedule's next step.
    """
    if 200 <= status <= 299:
        return DELIVERED
    if status == GONE:
        return ENDPOINT_GONE
    delay_s = schedule.delay_after_s(number, random)
    if delay_s is None:
        return EXHAUSTED
    if retry_after_s is not None and status in THROTTLING_STATUSES:
        delay_s = max(delay_s, min(retry_after_s, RETRY_AFTER_S_MAX))
    return Retry(delay_s)
