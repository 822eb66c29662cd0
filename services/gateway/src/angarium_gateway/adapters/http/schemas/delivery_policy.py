"""What Angarium adds to say how deliveries are made: schedules, order, limits, shares."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from .fields import ApiSchema

RETRIES_MAX: Final = 50
RETRY_DELAY_S_MAX: Final = 30 * 86_400

RetrySchedule = Annotated[
    list[Annotated[float, Meta(gt=0, le=RETRY_DELAY_S_MAX)]],
    Meta(
        max_length=RETRIES_MAX,
        examples=[[5, 300, 1800, 7200]],
        description=f"How many seconds to wait before each retry: at most {RETRIES_MAX} retries,"
        " each within 30 days; null: inherited (an endpoint's goes before its event type's, that"
        " before the tenant's, that before the platform's); an empty list: no retries",
    ),
]
Ordering = Annotated[
    Literal["fifo", "none"],
    Meta(
        description="`fifo`: strictly in the order of messages, one at a time; one that fails"
        " blocks those behind it until it succeeds, is exhausted or is cancelled"
    ),
]
Concurrency = Annotated[
    int, Meta(ge=1, le=1000, description="At most so many requests at once; null: no limit")
]
Weight = Annotated[
    int,
    Meta(
        ge=1,
        le=1000,
        description="Its share of the platform where there is not enough for everybody, beside"
        " the weights of others",
    ),
]


RetentionDays = Annotated[
    int,
    Meta(
        ge=1,
        le=3650,
        description="Messages and attempts that are older are deleted; never kept for longer than"
        " the platform keeps them",
    ),
]


class TenantPolicyIn(ApiSchema, frozen=True, kw_only=True):
    retry_schedule: RetrySchedule | None
    retention_days: RetentionDays | None = None


class TenantPolicyOut(ApiSchema, frozen=True, kw_only=True):
    """What holds for all applications of the tenant. Null: the platform's own."""

    retry_schedule: tuple[float, ...] | None
    retention_days: int | None


def delays(schedule: Sequence[float] | UnsetType | None) -> tuple[float, ...] | UnsetType | None:
    """A schedule as the contracts have it."""
    return schedule if isinstance(schedule, UnsetType) else delays_of_new(schedule)


def delays_of_new(schedule: Sequence[float] | UnsetType | None) -> tuple[float, ...] | None:
    """The schedule of something new: inherited when it is left out."""
    return None if isinstance(schedule, UnsetType) or schedule is None else tuple(schedule)


def delays_out(delays_s: tuple[float, ...] | None) -> tuple[float, ...] | UnsetType:
    """A schedule as clients see it: left out where it is inherited."""
    return UNSET if delays_s is None else delays_s
