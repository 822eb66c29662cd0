"""Whatever the clocks of workers show, a consumer that reads on misses nothing and repeats
nothing."""

from angarium_worker.domain.poll_order import (
    PolledAttempt,
    earliest_ticks,
    ordered_ids,
    tick_of,
    with_tick,
)
from hypothesis import given
from hypothesis import strategies as st

ENDPOINTS = (b"a" * 16, b"b" * 16)
ticks = st.integers(0, (1 << 60) - 1)
near_ticks = st.integers(1_000, 1_050)


def uuid(tick: int, number: int = 0) -> bytes:
    return with_tick(bytes(8) + number.to_bytes(8), tick)


@given(ticks, st.binary(min_size=16, max_size=16))
def test_only_the_time_of_an_id_changes(tick: int, value: bytes) -> None:
    changed = with_tick(value, tick)
    assert tick_of(changed) == tick
    assert changed[8:] == value[8:]
    assert changed[6] >> 4 == 7


@given(ticks, ticks)
def test_ids_sort_by_their_ticks(one: int, other: int) -> None:
    assert (uuid(one) < uuid(other)) == (one < other)


transactions = st.lists(
    st.lists(st.tuples(st.sampled_from(ENDPOINTS), near_ticks, near_ticks), min_size=1, max_size=4)
    | st.none(),
    max_size=30,
)
"""Transactions that write attempts, each with its time and that of its message, in the order in
which they commit; None: the consumer reads a page."""


@given(transactions, st.integers(1, 3))
def test_a_cursor_passes_nothing_by(
    steps: list[list[tuple[bytes, int, int]] | None], limit: int
) -> None:
    clocks: dict[bytes, int] = {}
    written: list[bytes] = []
    read: list[bytes] = []

    def poll() -> bool:
        after = read[-1] if read else bytes(16)
        page = sorted(each for each in written if each > after)[:limit]
        read.extend(page)
        return bool(page)

    for step in steps:
        if step is None:
            poll()
            continue
        attempts = [
            # Beside their time, the later ids are the lower ones: time alone is to order them.
            PolledAttempt(uuid(at, (1 << 63) - len(written) - place), uuid(accepted), endpoint)
            for place, (endpoint, at, accepted) in enumerate(step)
        ]
        # As the ledgers do it: `claim_poll_ticks.sql`.
        first = {
            endpoint: max(tick, clocks.get(endpoint, 0) + 1)
            for endpoint, tick in earliest_ticks(attempts).items()
        }
        clocks |= {endpoint: tick + len(attempts) - 1 for endpoint, tick in first.items()}
        for attempt, new in zip(attempts, ordered_ids(attempts, first), strict=True):
            assert new[8:] == attempt.id[8:]
            assert new >= attempt.message_id
            if attempt.endpoint_id == ENDPOINTS[0]:
                written.append(new)
    while poll():
        pass
    assert read == written


def test_clocks_are_claimed_in_one_order_by_every_worker() -> None:
    attempts = [PolledAttempt(uuid(1), uuid(1), each) for each in reversed(ENDPOINTS)]
    assert list(earliest_ticks(attempts)) == list(ENDPOINTS)
