"""Looks at each step that batches take in the simulated hot path."""

from collections.abc import Callable

from angarium_gateway.adapters.database.batches import SET_ASIDE
from angarium_gateway.application.publish.batch_store import StoredBatch
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.batch_states import BatchState

from .journal_model import JournalModel, Row, Trouble

type Step = tuple[BatchState | None, BatchState, bool]
"""Source, target, and whether the publication was counted up."""


class WatchedJournal(JournalModel):
    """Looks at all rows right before and after everything that changes them."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: set[Step] = set()
        self._seen: dict[bytes, tuple[BatchState, int]] = {}
        self.trouble = WatchedTrouble(self.look)

    def look(self) -> None:
        """Note what became of each batch since the last look."""
        rows = {row.id: (_state(row), row.publication) for row in self.rows.values()}
        for batch_id, (state, publication) in rows.items():
            before = self._seen.get(batch_id)
            if before is None:
                self.steps.add((None, state, False))
            elif before != (state, publication):
                assert publication - before[1] in (0, 1)
                self.steps.add((before[0], state, publication > before[1]))
        for batch_id in self._seen.keys() - rows.keys():
            self.steps.add((self._seen[batch_id][0], BatchState.SETTLED, False))
        self._seen = rows

    def _store(self, *args: object) -> None:
        super()._store(*args)  # type: ignore[arg-type]
        self.look()

    async def adopt(self, owner: str, *, dead_after_s: float) -> int:
        unpublished = {one.id: one.owner for one in self.rows.values() if not one.published}
        adopted = await super().adopt(owner, dead_after_s=dead_after_s)
        if any(self.rows[each].owner != before for each, before in unpublished.items()):
            self.steps.add((BatchState.UNPUBLISHED, BatchState.UNPUBLISHED, False))
        self.look()
        return adopted


class WatchedTrouble(Trouble):
    """Is asked right before each change, and right after it."""

    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__(JournalUnavailable)
        self._look = look

    async def before(self) -> None:
        try:
            await super().before()
        finally:
            self._look()

    async def after(self) -> None:
        self._look()
        await super().after()


def _state(row: Row) -> BatchState:
    if row.owner == SET_ASIDE:
        return BatchState.SET_ASIDE
    return BatchState.PUBLISHED if row.published else BatchState.UNPUBLISHED


class LossyStream(dict[int, tuple[StoredBatch, str]]):
    """`messages.accepted` without the entries of one batch in `every`: nothing comes of them,
    however often they are published."""

    def __init__(self, every: int) -> None:
        super().__init__()
        self._every = every
        self._order: dict[bytes, int] = {}

    def __setitem__(self, number: int, entry: tuple[StoredBatch, str]) -> None:
        if self._order.setdefault(entry[0].id, len(self._order)) % self._every:
            super().__setitem__(number, entry)
