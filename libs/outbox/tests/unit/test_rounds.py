"""Rounds keep the order of each key, batches their limits, and pauses theirs."""

from collections import defaultdict

import pytest
from angarium_outbox.backoff import pause_s
from angarium_outbox.leases import share_of
from angarium_outbox.rounds import batches, rounds
from angarium_outbox.store import PendingEvent, order_key
from hypothesis import given
from hypothesis import strategies as st


def event(position: int, key: str | None, size_bytes: int = 1) -> PendingEvent:
    return PendingEvent(position, 0, "acme", key, f"e{position}", "a.b", "{}", None, size_bytes, 0)


_keys = st.lists(st.none() | st.sampled_from("abc"), max_size=30)


@given(_keys)
def test_each_key_is_in_a_round_once_and_its_events_are_in_successive_rounds(
    keys: list[str | None],
) -> None:
    events = [event(position, key) for position, key in enumerate(keys)]
    found = rounds(events)

    assert sorted(each.position for each_round in found for each in each_round) == list(
        range(len(keys))
    )
    seen = defaultdict(list)
    for each_round in found:
        assert len({order_key(each) for each in each_round}) == len(each_round)
        for each in each_round:
            seen[each.order_key].append(each.position)
    for key, positions in seen.items():
        if key is None:
            assert positions == [at for at, given_key in enumerate(keys) if given_key is None]
        assert positions == sorted(positions)


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 5), st.integers(1, 30))
def test_batches_are_within_both_limits_unless_one_event_is_too_large(
    sizes: list[int], events_max: int, bytes_max: int
) -> None:
    events = [event(position, None, size) for position, size in enumerate(sizes)]
    found = list(batches(events, events_max=events_max, bytes_max=bytes_max))

    assert [each for batch in found for each in batch] == events
    for batch in found:
        assert 0 < len(batch) <= events_max
        assert len(batch) == 1 or sum(each.size_bytes for each in batch) <= bytes_max


@given(st.sets(st.text(min_size=1), min_size=1, max_size=40))
def test_relays_share_all_lanes_and_no_lane_is_in_two_shares(relays: set[str]) -> None:
    shares = [share_of(relay, relays) for relay in relays]

    assert sorted(lane for share in shares for lane in share) == list(range(32))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(st.integers(1, 100_000), st.floats(0, 1), st.none() | st.floats(0, 10_000))
def test_a_pause_is_bounded_and_as_long_as_the_platform_asks(
    failures: int, random: float, asked_s: float | None
) -> None:
    pause = pause_s(failures, retry_after_s=asked_s, longest_s=30, random=random)

    assert 0 < pause <= 300.25
    assert pause >= min(asked_s or 0, 300)


def test_pauses_double() -> None:
    pauses = [pause_s(n, retry_after_s=None, longest_s=3, random=1) for n in range(1, 7)]

    assert pauses == pytest.approx([0.25, 0.5, 1, 2, 3, 3])
