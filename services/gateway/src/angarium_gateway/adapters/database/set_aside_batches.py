"""Batches that were set aside: listed, and published again."""

from collections.abc import Collection, Sequence
from typing import Any

from angarium_chassis.database.engine import Database
from sqlalchemy import Row, select, update

from angarium_gateway.application.platform.quarantine import SetAsideBatch
from angarium_gateway.application.publish.membership import DEAD_AFTER_S
from angarium_gateway.application.read.id_window import IdPage, IdWindow

from .batches import SET_ASIDE, BatchTable
from .failures import journal_failures
from .id_pages import page_of, windowed
from .tables import batch

LISTED_MAX = 1_000
_REFERENCE_BYTES = 32


class SetAsideBatches:
    """Implements the port `SetAside`. Every method raises `JournalUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> Sequence[SetAsideBatch]:
        """The oldest, at most 1,000."""
        query = (
            select(batch).where(batch.c.owner == SET_ASIDE).order_by(batch.c.id).limit(LISTED_MAX)
        )
        with journal_failures():
            async with self._database.reading.connect() as connection:
                rows = (await connection.execute(query)).all()
        return [_set_aside(row) for row in rows]

    async def page(self, window: IdWindow) -> IdPage[SetAsideBatch]:
        """See the port."""
        query = select(batch).where(batch.c.owner == SET_ASIDE)
        with journal_failures():
            async with self._database.reading.connect() as connection:
                rows = (await connection.execute(windowed(query, batch.c.id, window))).all()
        return page_of(rows, window, _set_aside)

    async def open_among(self, batch_ids: Collection[bytes]) -> set[bytes]:
        """Those of a few thousand batches that are open, set aside or not."""
        if not batch_ids:
            return set()
        query = select(batch.c.id).where(batch.c.id.in_(list(batch_ids)))
        with journal_failures():
            async with self._database.reading.connect() as connection:
                return {bytes(batch_id) for batch_id in await connection.scalars(query)}

    async def bring_back(self, batch_ids: Collection[bytes], *, owner: str) -> int:
        """Have batches published again, flagged as redelivered; gives how many. Doing it twice
        changes nothing more.

        This takes part as a gateway (`owner`: a new id) that leaves at once; whoever leaves has
        its batches adopted by the others within seconds.
        """
        batches = BatchTable(self._database)
        await batches.heartbeat(owner, dead_after_s=DEAD_AFTER_S)
        taken = (
            update(batch)
            .where(batch.c.owner == SET_ASIDE, batch.c.id.in_(list(batch_ids)))
            .values(owner=owner, published=False, publication=batch.c.publication + 1)
        )
        try:
            with journal_failures():
                async with self._database.engine.begin() as connection:
                    return int((await connection.execute(taken)).rowcount)
        finally:
            await batches.retire(owner)


def _set_aside(row: Row[Any]) -> SetAsideBatch:
    return SetAsideBatch(bytes(row.id), row.publication, row.bytes, _messages(row.message_refs))


def _messages(refs: bytes) -> tuple[bytes, ...]:
    stored = bytes(refs)
    return tuple(stored[at + 16 : at + 32] for at in range(0, len(stored), _REFERENCE_BYTES))
