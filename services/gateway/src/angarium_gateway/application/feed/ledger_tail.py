"""Follows a ledger whose rows are in the order of their ids, but not committed in that order.

An id is made before its row is committed: a row can appear below one that was read already. So
what was read lately is read again now and then, and only new rows are passed on. A look back
begins where the last one began, less `LATE_MS`; after a time without the ledger it reaches as far
back as that time was long.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from angarium_contracts.ids import created_at_ms, lowest_id_at
from angarium_contracts.queries import Problem

LATE_MS: Final = 15_000
"""How long after its id was made a row may appear, while the ledger can be reached."""
LOOK_BACK_EVERY_MS: Final = 5_000
PAGE_ROWS: Final = 500
REMEMBERED_MAX: Final = 50_000
"""Rows of the last seconds that are known by their ids; beyond that, rows are passed on twice."""


class LedgerTail[Row]:
    """The rows of one ledger from `since_ms` (Unix time) on."""

    def __init__(
        self,
        read: Callable[[bytes, int], Awaitable[Sequence[Row] | Problem]],
        id_of: Callable[[Row], bytes],
        since_ms: int,
    ) -> None:
        """`read` gives at most so many rows above an id, in the order of ids."""
        self._read = read
        self._id_of = id_of
        self._past = self._reached = lowest_id_at(since_ms)
        self._looked_back_ms: int | None = None
        self._begun_ms = since_ms
        self._seen: dict[bytes, None] = {}

    @property
    def reached_ms(self) -> int:
        """The time of the latest row that was read."""
        return created_at_ms(self._reached)

    async def next(self, now_ms: int) -> tuple[list[Row], bool] | Problem:
        """Rows that are new, in the order of ids, and whether more follow at once."""
        found = await self._read(self._past, PAGE_ROWS)
        if isinstance(found, Problem):
            return found
        fresh = [row for row in found if self._id_of(row) not in self._seen]
        for row in fresh:
            self._seen[self._id_of(row)] = None
        if found:
            self._past = self._id_of(found[-1])
            self._reached = max(self._reached, self._past)
        more = len(found) >= PAGE_ROWS
        if not more:
            self._past = self._reached
            self._look_back_if_due(now_ms)
        self._forget()
        return fresh, more

    def _look_back_if_due(self, now_ms: int) -> None:
        last_ms = self._looked_back_ms
        if last_ms is None:
            self._looked_back_ms = now_ms
        elif now_ms - last_ms >= LOOK_BACK_EVERY_MS:
            self._looked_back_ms = now_ms
            self._past = lowest_id_at(max(self._begun_ms, last_ms - LATE_MS))

    def _forget(self) -> None:
        """Drop the ids of rows that will not be read again, and of too many the oldest."""
        if len(self._seen) <= PAGE_ROWS:
            return
        if self._looked_back_ms is not None:
            kept_from = min(lowest_id_at(self._looked_back_ms - LATE_MS), self._past)
            self._seen = {each: None for each in self._seen if each >= kept_from}
        while len(self._seen) > REMEMBERED_MAX:
            del self._seen[next(iter(self._seen))]
