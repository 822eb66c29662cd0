"""Following a ledger whose rows appear out of order."""

from collections.abc import Sequence

from angarium_contracts.ids import lowest_id_at
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.feed import ledger_tail
from angarium_gateway.application.feed.ledger_tail import LATE_MS, LOOK_BACK_EVERY_MS, LedgerTail

DOWN = Problem(code=ProblemCode.UNAVAILABLE, detail="down")
BEGUN_MS = 1_000_000


class Ledger:
    """Rows are ids; `down` while it cannot be read."""

    def __init__(self) -> None:
        self.rows: set[bytes] = set()
        self.down = False

    def commit(self, at_ms: int) -> bytes:
        row = lowest_id_at(at_ms)
        self.rows.add(row)
        return row

    async def read(self, after: bytes, rows_max: int) -> Sequence[bytes] | Problem:
        if self.down:
            return DOWN
        return sorted(row for row in self.rows if row > after)[:rows_max]


def tail_of(ledger: Ledger) -> LedgerTail[bytes]:
    return LedgerTail(ledger.read, lambda row: row, BEGUN_MS)


async def _rows(tail: LedgerTail[bytes], now_ms: int) -> list[bytes]:
    found = await tail.next(now_ms)
    assert not isinstance(found, Problem)
    return found[0]


async def test_rows_come_once_in_order_and_those_before_the_beginning_do_not() -> None:
    ledger = Ledger()
    ledger.commit(BEGUN_MS - 1)
    second, first = ledger.commit(BEGUN_MS + 20), ledger.commit(BEGUN_MS + 10)
    tail = tail_of(ledger)
    assert await _rows(tail, BEGUN_MS + 30) == [first, second]
    for now_ms in range(BEGUN_MS + 30, BEGUN_MS + 3 * LOOK_BACK_EVERY_MS, 500):
        assert await _rows(tail, now_ms) == []


async def test_a_row_that_was_committed_late_is_found_by_looking_back() -> None:
    ledger = Ledger()
    tail = tail_of(ledger)
    now_ms = BEGUN_MS + LATE_MS
    newer = ledger.commit(now_ms)
    assert await _rows(tail, now_ms) == [newer]
    late = ledger.commit(now_ms - LATE_MS + 1)
    found = []
    for _ in range(3):
        now_ms += LOOK_BACK_EVERY_MS
        found += await _rows(tail, now_ms)
    assert found == [late]


async def test_after_an_outage_it_looks_back_as_far_as_the_outage_was_long() -> None:
    ledger = Ledger()
    tail = tail_of(ledger)
    now_ms = BEGUN_MS + 10 * LATE_MS
    await _rows(tail, now_ms)
    ledger.down = True
    for _ in range(20):
        now_ms += LOOK_BACK_EVERY_MS
        assert await tail.next(now_ms) == DOWN
    ledger.down = False
    newer = ledger.commit(now_ms)
    assert await _rows(tail, now_ms) == [newer]
    # Made while the ledger was down, and written by a process that retried until it was not.
    held_back = ledger.commit(now_ms - 15 * LOOK_BACK_EVERY_MS)
    assert await _rows(tail, now_ms + LOOK_BACK_EVERY_MS) == [held_back]


async def test_many_rows_come_page_by_page_and_memory_is_bounded() -> None:
    ledger = Ledger()
    made = [ledger.commit(BEGUN_MS + 1 + number) for number in range(4 * ledger_tail.PAGE_ROWS)]
    tail = tail_of(ledger)
    found: list[bytes] = []
    more = True
    while more:
        page = await tail.next(BEGUN_MS + 10_000_000)
        assert not isinstance(page, Problem)
        rows, more = page
        assert len(rows) <= ledger_tail.PAGE_ROWS
        found += rows
    assert found == made
    assert len(tail._seen) <= ledger_tail.PAGE_ROWS
