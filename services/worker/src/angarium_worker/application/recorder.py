"""Putting outcomes on record: those that arrive together share one transaction."""

from collections.abc import Callable, Sequence

import structlog

from .insistent_commit import InsistentCommit
from .records import DeliveryKey, Ledger, Record, RecordRefused

RECORDS_MAX = 100
RECORD_BYTES_MAX = 8 * 1024 * 1024
RECORD_PAUSE_S = 0.005
ROW_BYTES = 400
"""About what a row weighs besides its payload or response."""

type Held = frozenset[DeliveryKey] | None
"""The leased deliveries of the whole transaction whose fence held; None: rows refused."""

log = structlog.get_logger()


class Recorder:
    """Writes records to the ledger until they are written. `run()` until cancelled.
    `on_events` is called once the outbox has something new."""

    def __init__(self, ledger: Ledger, on_events: Callable[[], None] = lambda: None) -> None:
        self._ledger = ledger
        self._on_events = on_events
        self._commits = InsistentCommit(
            "record",
            self._write,
            items_max=RECORDS_MAX,
            bytes_max=RECORD_BYTES_MAX,
            pause_s=RECORD_PAUSE_S,
        )

    @property
    def open(self) -> int:
        """Records that are not written yet."""
        return self._commits.open

    @property
    def failing(self) -> bool:
        """Whether the latest transaction failed."""
        return self._commits.failing

    async def run(self) -> None:
        """Write until cancelled, and then what waits."""
        await self._commits.run()

    def record(self, record: Record, done: Callable[[Held], None]) -> None:
        """Write `record`; `done` is called when it is durable."""
        self._commits.submit(record, _size_bytes(record), done)

    async def _write(self, records: Sequence[Record]) -> Sequence[Held]:
        try:
            held = await self._ledger.record(records)
        except RecordRefused as refusal:
            if len(records) > 1:
                return [(await self._write([record]))[0] for record in records]
            log.error("record.refused", reason=str(refusal)[:500])  # noqa: TRY400 - told in full
            return [None]
        if any(_tells(record) for record in records):
            self._on_events()
        return [held] * len(records)


def _tells(record: Record) -> bool:
    return bool(record.events) or any(outcome.event is not None for outcome in record.leased)


def _size_bytes(record: Record) -> int:
    size = ROW_BYTES * (len(record.attempts) + len(record.pending) + len(record.leased))
    size += ROW_BYTES * len(record.cancelled)
    for attempt in record.attempts:
        size += len(attempt.response)
    for pending in record.pending:
        size += len(pending.payload)
    return size
