"""The window: exact room, and batches that are settled when all their chunks are."""

import hypothesis.strategies as st
from angarium_gateway.domain.open_batches import OpenBatch, OpenBatches
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

WINDOW_BYTES = 1_000
IDS = st.integers(0, 5).map(lambda number: number.to_bytes(16))
SIZES = st.integers(1, 1_500)


class Window(RuleBasedStateMachine):
    """Any order of events, against plain bookkeeping: batch to publication, size and chunks."""

    def __init__(self) -> None:
        super().__init__()
        self.window = OpenBatches(WINDOW_BYTES)
        self.reserved: list[int] = []
        self.open: dict[bytes, tuple[int, int]] = {}
        self.chunks: dict[bytes, tuple[int, set[int]]] = {}
        self.largest = 0

    @rule(size=SIZES)
    def reserve(self, size: int) -> None:
        used = self.window.used_bytes
        unwrap = self.window.reserve(size)
        assert unwrap == (used == 0 or used + size <= WINDOW_BYTES)
        if unwrap:
            self.reserved.append(size)
            self.largest = max(self.largest, size)

    @rule(batch_id=IDS, publication=st.integers(1, 3), now_s=st.floats(0, 100))
    @precondition(lambda self: self.reserved)
    def open_one(self, batch_id: bytes, publication: int, now_s: float) -> None:
        size = self.reserved.pop()
        self.window.open(OpenBatch(batch_id, 0, publication, size, now_s))
        self.open[batch_id] = publication, size
        self.chunks.pop(batch_id, None)

    @rule()
    @precondition(lambda self: self.reserved)
    def give_back(self) -> None:
        self.window.give_back(self.reserved.pop())

    @rule(
        batch_id=IDS, publication=st.integers(1, 3), chunk=st.integers(0, 3), more=st.integers(0, 3)
    )
    def settle(self, batch_id: bytes, publication: int, chunk: int, more: int) -> None:
        chunks = 0 if more == 0 and chunk == 0 else chunk + more + (more == 0)
        settled = self.window.settle(batch_id, publication, chunk, chunks, 5.0)
        known = self.open.get(batch_id)
        if known is None or known[0] != publication:
            assert not settled
            return
        cut_into, done = self.chunks.get(batch_id, (chunks, set()))
        done = {chunk} | (done if cut_into == chunks else set())
        self.chunks[batch_id] = chunks, done
        assert settled == (chunks == 0 or done == set(range(chunks)))
        if settled:
            del self.open[batch_id]
            del self.chunks[batch_id]

    @rule(batch_id=IDS)
    def take(self, batch_id: bytes) -> None:
        taken = self.window.take(batch_id)
        assert (taken is not None) == (self.open.pop(batch_id, None) is not None)
        self.chunks.pop(batch_id, None)

    @invariant()
    def room_is_exact(self) -> None:
        used = sum(self.reserved) + sum(size for _, size in self.open.values())
        assert self.window.used_bytes == used
        assert self.window.room_bytes == max(0, WINDOW_BYTES - used)
        assert used <= max(WINDOW_BYTES, self.largest)
        assert set(self.window.ids()) == set(self.open)
        assert len(self.window) == len(self.open)


TestTheWindowUnderAnyOrderOfEvents = Window.TestCase
TestTheWindowUnderAnyOrderOfEvents.settings = settings(
    max_examples=settings().max_examples, stateful_step_count=30, deadline=None
)


def an_open_batch(window: OpenBatches, *, publication: int = 1) -> bytes:
    batch_id = b"b" * 16
    assert window.reserve(100)
    window.open(OpenBatch(batch_id, 0, publication, 100, 0.0))
    return batch_id


def test_a_batch_is_settled_with_the_last_of_its_chunks_in_any_order() -> None:
    window = OpenBatches(WINDOW_BYTES)
    batch_id = an_open_batch(window)
    assert [window.settle(batch_id, 1, chunk, 3, 1.0) for chunk in (2, 0, 1)] == [
        False,
        False,
        True,
    ]
    assert batch_id not in window
    assert window.used_bytes == 0


def test_a_batch_without_recipients_is_settled_at_once() -> None:
    window = OpenBatches(WINDOW_BYTES)
    assert window.settle(an_open_batch(window), 1, 0, 0, 1.0)


def test_a_chunk_that_is_reported_twice_counts_once() -> None:
    window = OpenBatches(WINDOW_BYTES)
    batch_id = an_open_batch(window)
    assert not window.settle(batch_id, 1, 0, 2, 1.0)
    assert not window.settle(batch_id, 1, 0, 2, 1.0)
    assert window.settle(batch_id, 1, 1, 2, 1.0)


def test_a_settlement_of_an_earlier_publication_does_not_count() -> None:
    window = OpenBatches(WINDOW_BYTES)
    batch_id = an_open_batch(window, publication=2)
    assert not window.settle(batch_id, 1, 0, 1, 1.0)
    assert batch_id in window
    assert window.settle(batch_id, 2, 0, 1, 1.0)


def test_chunks_of_two_ways_to_cut_a_batch_are_not_counted_together() -> None:
    """Two dispatchers cut the same entry when one lost its lease; endpoints came in between."""
    window = OpenBatches(WINDOW_BYTES)
    batch_id = an_open_batch(window)
    assert not window.settle(batch_id, 1, 1, 3, 1.0)
    assert not window.settle(batch_id, 1, 0, 2, 1.0)
    assert window.settle(batch_id, 1, 1, 2, 1.0)


def test_a_batch_that_settles_before_its_entry_id_is_known_is_gone() -> None:
    window = OpenBatches(WINDOW_BYTES)
    batch_id = an_open_batch(window)
    assert window.settle(batch_id, 1, 0, 1, 1.0)
    window.published(batch_id, b"1-0")
    assert batch_id not in window


def test_only_batches_of_which_nothing_was_heard_are_without_progress() -> None:
    window = OpenBatches(WINDOW_BYTES)
    batch_id = an_open_batch(window)
    assert [batch.batch_id for batch in window.without_progress_since(1.0)] == [batch_id]
    window.settle(batch_id, 1, 0, 2, 2.0)
    assert window.without_progress_since(1.0) == []


def test_the_stream_numbers_are_those_of_open_batches() -> None:
    window = OpenBatches(WINDOW_BYTES)
    for batch_id, number in (b"a", 0), (b"b", 7), (b"c", 7):
        window.open(OpenBatch(batch_id, number, 1, 10, 0.0))
    assert window.stream_numbers() == {0, 7}
    window.take(b"b")
    assert window.stream_numbers() == {0, 7}
    window.take(b"c")
    assert window.stream_numbers() == {0}


def test_a_batch_larger_than_the_window_goes_alone() -> None:
    window = OpenBatches(WINDOW_BYTES)
    assert window.reserve(5_000)
    assert not window.reserve(1)
    assert (window.room_bytes, window.room_for_more) == (0, False)
    window.give_back(5_000)
    assert window.room_for_more
