"""Angarium's own options of deliveries: schedules, order, limits, shares."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from .fields import ApiSchema, RequestSchema

RETRIES_MAX: Final = 50
RETRY_DELAY_S_MAX: Final = 30 * 86_400

RetrySchedule = Annotated[
    list[Annotated[float, Meta(gt=0, le=RETRY_DELAY_S_MAX)]],
    Meta(
        max_length=RETRIES_MAX,
        examples=[[5, 300, 1800, 7200]],
        description=f"Seconds to wait before each retry: at most {RETRIES_MAX} retries, each at"
        " most 30 days after the one before. An empty list means no retries, `null` inherits: from"
        " the endpoint, else the event type, else the tenant, else the platform.",
    ),
]
Ordering = Annotated[
    Literal["fifo", "none"],
    Meta(
        description="`fifo` delivers messages one at a time in the order they were accepted: a"
        " failing one blocks those behind it until it succeeds, uses up its retries or is canceled."
        " `none`, the default, does not keep the order."
    ),
]
Concurrency = Annotated[
    int,
    Meta(
        ge=1,
        le=1000,
        description="The largest number of concurrent requests; `null` means no limit.",
    ),
]
Weight = Annotated[
    int,
    Meta(
        ge=1,
        le=1000,
        description="The application's share of the platform under load, relative to the tenant's"
        " other applications; 1 by default.",
    ),
]


RetentionDays = Annotated[
    int,
    Meta(
        ge=1,
        le=3650,
        description="Days after which messages and attempts are deleted; at most as long as the"
        " platform keeps them.",
    ),
]


PayloadRetentionHours = Annotated[
    int,
    Meta(
        ge=1,
        le=2160,
        description="Hours after which the payloads of its messages are deleted, from 1 to 2,160;"
        " `null` keeps them as long as the messages. It applies to earlier messages, too. Of an"
        " application and an event type, the shorter one applies; a message that is posted with a"
        " retention of its own keeps that.",
    ),
]
KeptPayloadHours = Annotated[
    int | UnsetType,
    Meta(description="Hours after which payloads of its messages are deleted; absent if not set."),
]


DefaultSignatureHeaders = Annotated[
    Literal["webhook", "svix", "both"],
    Meta(
        description="The `signatureHeaders` of endpoints that are created without them. Existing"
        " endpoints keep theirs."
    ),
]
RequireEventTypes = Annotated[
    bool,
    Meta(
        description="If true, endpoints may name in `eventTypes` only event types that exist and"
        " are not archived. Names that an endpoint has already stay."
    ),
]


ValidateSchemas = Annotated[
    Literal["off", "warn", "enforce"],
    Meta(
        description="Checks the payload of each posted message against the newest of the `schemas`"
        " of its event type. `enforce` refuses a message that violates it"
        " with `422`. `warn` accepts it, and the header `Angarium-Schema-Violations` of the answer"
        " says how many violations there are. `off`, the default, does not check."
    ),
]


class TenantPolicyIn(RequestSchema, frozen=True, kw_only=True):
    """The tenant's policy. `null` means the platform's own."""

    retry_schedule: RetrySchedule | None
    retention_days: RetentionDays | None = None
    signature_headers: DefaultSignatureHeaders | None = None
    require_event_types: RequireEventTypes | None = None
    validate_schemas: ValidateSchemas | None = None


class TenantPolicyOut(ApiSchema, frozen=True, kw_only=True):
    """The tenant's policy. `null` means the platform's own."""

    retry_schedule: tuple[float, ...] | None
    retention_days: int | None
    signature_headers: str | None
    require_event_types: bool | None
    validate_schemas: ValidateSchemas


def delays(schedule: Sequence[float] | UnsetType | None) -> tuple[float, ...] | UnsetType | None:
    """A schedule as the contracts have it."""
    return schedule if isinstance(schedule, UnsetType) else delays_of_new(schedule)


def delays_of_new(schedule: Sequence[float] | UnsetType | None) -> tuple[float, ...] | None:
    """The schedule of something new: inherited when it is left out."""
    return None if isinstance(schedule, UnsetType) or schedule is None else tuple(schedule)


def delays_out(delays_s: tuple[float, ...] | None) -> tuple[float, ...] | UnsetType:
    """A schedule as clients see it: left out where it is inherited."""
    return UNSET if delays_s is None else delays_s
