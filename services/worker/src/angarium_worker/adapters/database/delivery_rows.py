"""Mapping of deliveries and attempts to columns, on both engines."""

import struct
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_

from angarium_worker.application.ledger.records import AttemptRow, AttemptTimings
from angarium_worker.domain.delivery import Delivery, Lane

from .exchange_column import exchange_column
from .tables import pending_delivery

_TIMINGS: Final = struct.Struct(">5I")
"""An attempt's DNS, connect, TLS, first byte and total time, in microseconds, in one column."""
NOT_HELD: Final = 0
"""The fence of a row that nobody has held yet."""

ATTEMPT_COLUMNS: Final = (*AttemptRow._fields[:-2], "ended_at")
"""Those of `attempt_values`, before the time until the next attempt."""
PENDING_COLUMNS: Final = (
    "message_id",
    "endpoint_id",
    "application_id",
    "tenant_id",
    "event_type",
    "payload",
    "endpoint_version",
    "attempts_made",
    "channels",
    "trace",
    "trigger",
    "retry_delays",
    "weight",
    "lane",
    "content_type",
    "fence",
)
"""Those of `pending_values`, before the time until it is due."""
HELD_COLUMNS: Final = (*PENDING_COLUMNS[:-1], "cancelled", "fence")
"""Those that `delivery_of` reads."""
CANCELLED_COLUMNS: Final = (*PENDING_COLUMNS[:5], "reason")
RESENT_COLUMNS: Final = (
    *PENDING_COLUMNS[:7],
    "channels",
    "trace",
    "retry_delays",
    "weight",
    "lane",
    "content_type",
)


def is_held(now: ColumnElement[int], lease_s: float) -> ColumnElement[bool]:
    """Condition: a worker holds the row of `pending_delivery`, for `lease_s` at most.

    A lease and its end each count the fence up by one, which begins even: it is odd while a lease
    lasts. That alone would also hold after a worker died, and the time alone of what is due soon.
    """
    row = pending_delivery.c
    held_upto = now + int(lease_s * 1_000_000)
    return and_(row.fence % 2 == 1, row.due_at > now, row.due_at <= held_upto)


def channel_text(channels: Sequence[str]) -> str | None:
    """Channels as one text, `,a,b,`: `,a,` is in it exactly if `a` is one of them."""
    return f",{','.join(channels)}," if channels else None


def channels_of(text: str | None) -> tuple[str, ...]:
    """The channels that `channel_text` wrote."""
    return () if text is None else tuple(text[1:-1].split(","))


def delays_text(delays_s: Sequence[float] | None) -> str | None:
    """A retry schedule as one text, `5,300`; empty for one without retries."""
    return None if delays_s is None else ",".join([f"{each:g}" for each in delays_s])


def delays_of(text: str | None) -> tuple[float, ...] | None:
    """The retry schedule that `delays_text` wrote."""
    if text is None:
        return None
    return tuple([float(each) for each in text.split(",")]) if text else ()


def packed(timings: AttemptTimings | None) -> bytes | None:
    """Timings in one column."""
    if timings is None:
        return None
    try:
        return _TIMINGS.pack(*timings)
    except struct.error:  # a clock that went back, or hours: nothing to show
        return _TIMINGS.pack(0, 0, 0, 0, 0)


def unpacked(column: bytes) -> AttemptTimings:
    """The timings that `packed` wrote."""
    return AttemptTimings(*_TIMINGS.unpack(column))


def attempt_values(row: AttemptRow) -> tuple[Any, ...]:
    """An attempt as it is written; last, the time until the next."""
    exchange = None if row.exchange is None else exchange_column(row.exchange)
    return (*row[:14], channel_text(row.channels), packed(row.timings), exchange, *row[17:])


def pending_values(row: Delivery) -> tuple[Any, ...]:
    """A delivery as it is written when it goes on; last, the time until it is due."""
    return (
        *row[:8],
        channel_text(row.channels),
        row.trace,
        row.trigger,
        delays_text(row.retry_delays_s),
        row.weight,
        row.lane,
        row.content_type,
        NOT_HELD if row.fence is None else row.fence,
        row.due_in_us,
    )


def resent_values(row: Delivery) -> tuple[Any, ...]:
    """A delivery as it is written when somebody wants it again."""
    return (
        *row[:7],
        channel_text(row.channels),
        row.trace,
        delays_text(row.retry_delays_s),
        row.weight,
        row.lane,
        row.content_type,
    )


def cancelled_values(row: Delivery) -> tuple[Any, ...]:
    """A delivery as it is written when it was cancelled."""
    return (*row[:5], row.cancelled)


def delivery_of(row: Sequence[Any]) -> Delivery:
    """The delivery in the columns `HELD_COLUMNS` of a row that this process has just leased."""
    lane = row[13]
    return Delivery._make(
        (
            *row[:8],
            channels_of(row[8]),
            row[9],
            row[10],
            delays_of(row[11]),
            row[12],
            None if lane is None else Lane(lane),
            0,
            row[16],
            row[15],
            row[14],
        )
    )
