"""Records outcomes in the ledger: those that arrive together share one transaction."""

import asyncio
from collections.abc import Callable, Collection, Sequence

import msgspec
import structlog
from angarium_chassis.metrics.histogram import Histogram

from angarium_worker.domain.delivery import Delivery, DeliveryKey

from .records import (
    AttemptRow,
    EventRow,
    Ledger,
    Record,
    RecordRefused,
)
from .retrying_commit import RetryingGroupCommit

RECORDS_MAX = 100
RECORD_BYTES_MAX = 8 * 1024 * 1024
ROW_BYTES = 400
"""About what a row weighs besides its payload or response."""
RECORD_PAUSE_S = 0.015
RECORD_PAUSE_BYTES_MAX = 50 * ROW_BYTES
"""As much as a kill during the pause makes be sent again."""
RECORD_LONG_PAUSE_S = 0.1
RECORD_FEW_BYTES = 5 * ROW_BYTES
"""While fewer rows wait, the pause is the long one: where workers share a rate, each would
otherwise make a transaction of nearly every row."""
AWAITED_PAUSE_S = 0.005
"""The pause of a record for which a lane, a retry or a tenant's own events wait."""

type Held = frozenset[DeliveryKey] | None
"""The leased deliveries of the whole transaction whose fence held; None: rows refused."""

log = structlog.get_logger()


class Recorder:
    """Writes records to the ledger until they are written. `run()` until cancelled.
    `on_events` is called once the outbox has something new.

    A first attempt has no fence that could show that another worker sent it too. So a record that
    comes after the lease of its stream entry, as after SIGSTOP, is compared with the ledger, and
    deliveries that another worker has recorded meanwhile are left out: written as well, an ended
    delivery would become pending again.
    """

    def __init__(self, ledger: Ledger, on_events: Callable[[], None] = lambda: None) -> None:
        self._ledger = ledger
        self._on_events = on_events
        self._commits = RetryingGroupCommit(
            "record",
            self._write,
            items_max=RECORDS_MAX,
            bytes_max=RECORD_BYTES_MAX,
            pause_s=RECORD_PAUSE_S,
            pause_bytes_max=RECORD_PAUSE_BYTES_MAX,
            long_pause_s=RECORD_LONG_PAUSE_S,
            few_bytes=RECORD_FEW_BYTES,
        )

    @property
    def open(self) -> int:
        """Records that are not written yet."""
        return self._commits.open

    @property
    def failing(self) -> bool:
        """True while the latest transaction has failed."""
        return self._commits.failing

    @property
    def durations_s(self) -> Histogram:
        """How long transactions took."""
        return self._commits.durations_s

    async def run(self) -> None:
        """Write until cancelled, and then what waits."""
        await self._commits.run()

    def record(self, record: Record, done: Callable[[Held], None]) -> None:
        """Write `record`; `done` is called when it is durable."""
        awaited = record.leased or record.pending or record.events
        pause_s = AWAITED_PAUSE_S if awaited else None
        self._commits.submit(record, _size_bytes(record), done, pause_s=pause_s)

    async def _write(self, records: Sequence[Record]) -> Sequence[Held]:
        now_s = asyncio.get_running_loop().time()
        try:
            written = [
                record if now_s < record.sole_until_s else await self._unknown(record)
                for record in records
            ]
            held = await self._ledger.record(written)
        except RecordRefused as refusal:
            if len(records) > 1:
                return [(await self._write([record]))[0] for record in records]
            log.error("record.refused", reason=str(refusal)[:500])  # noqa: TRY400 - told in full
            return [None]
        if any(_tells(record) for record in written):
            self._on_events()
        return [held] * len(records)

    async def _unknown(self, record: Record) -> Record:
        """The record without the deliveries that are in the ledger already."""
        keys = {_key(row) for row in record.attempts}
        keys.update(_key(row) for row in record.pending)
        keys.update(_key(row) for row in record.cancelled)
        known = await self._ledger.known(list(keys))
        if not known:
            return record
        log.warning("record.duplicates_left_out", deliveries=len(known))
        return msgspec.structs.replace(
            record,
            attempts=_others(record.attempts, known),
            pending=_others(record.pending, known),
            cancelled=_others(record.cancelled, known),
            events=_others(record.events, known),
        )


def _others[Row: (AttemptRow, Delivery, EventRow)](
    rows: Sequence[Row], known: Collection[DeliveryKey]
) -> list[Row]:
    return [row for row in rows if _key(row) not in known]


def _key(row: AttemptRow | Delivery | EventRow) -> DeliveryKey:
    return row.message_id, row.endpoint_id


def _tells(record: Record) -> bool:
    return bool(record.events) or any(settled.event is not None for settled in record.leased)


def _size_bytes(record: Record) -> int:
    size = ROW_BYTES * (len(record.attempts) + len(record.pending) + len(record.leased))
    size += ROW_BYTES * len(record.cancelled)
    for attempt in record.attempts:
        size += len(attempt.response)
    for pending in record.pending:
        size += len(pending.payload)
    return size
