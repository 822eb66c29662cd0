"""Cutting a batch's deliveries into chunks."""

from angarium_dispatcher.domain.chunking import plan_chunks
from hypothesis import given
from hypothesis import strategies as st

sizes = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 350)), max_size=30)


@given(sizes)
def test_chunks_cover_every_delivery_exactly_once(sizes: list[tuple[int, int]]) -> None:
    covered = [
        (index, recipient)
        for chunk in plan_chunks(sizes)
        for index, start, stop in chunk
        for recipient in range(start, stop)
    ]
    assert covered == [
        (index, recipient)
        for index, (_, recipients) in enumerate(sizes)
        for recipient in range(recipients)
    ]


@given(sizes)
def test_no_chunk_is_empty_or_has_more_than_a_hundred_deliveries(
    sizes: list[tuple[int, int]],
) -> None:
    for chunk in plan_chunks(sizes):
        assert 1 <= sum(stop - start for _, start, stop in chunk) <= 100
        assert all(stop > start for _, start, stop in chunk)


@given(sizes)
def test_payloads_of_a_chunk_stay_under_the_limit_unless_one_alone_is_larger(
    sizes: list[tuple[int, int]],
) -> None:
    for chunk in plan_chunks(sizes, payload_bytes_max=300):
        assert len({index for index, _, _ in chunk}) == len(chunk)
        assert len(chunk) == 1 or sum(sizes[index][0] for index, _, _ in chunk) <= 300


def test_a_batch_that_fits_is_one_chunk() -> None:
    assert plan_chunks([(1_000, 1)] * 30) == [[(index, 0, 1) for index in range(30)]]


def test_many_recipients_of_one_message_are_spread_over_chunks() -> None:
    assert plan_chunks([(10, 250)]) == [[(0, 0, 100)], [(0, 100, 200)], [(0, 200, 250)]]


def test_a_message_without_recipients_takes_no_room() -> None:
    assert plan_chunks([(2_000_000, 0), (10, 1)]) == [[(1, 0, 1)]]
    assert plan_chunks([(10, 0)]) == []
