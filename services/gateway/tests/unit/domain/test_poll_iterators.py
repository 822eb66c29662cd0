"""Iterators of polled endpoints are read back as they were written, in their scope only."""

from angarium_gateway.domain.poll_iterators import (
    PollPosition,
    PollScope,
    parse_poll_iterator,
    poll_iterator,
)
from hypothesis import given
from hypothesis import strategies as st

ids = st.binary(min_size=16, max_size=16)
scopes = st.builds(PollScope, ids, st.none() | st.text(max_size=20))
positions = st.builds(PollPosition, ids, st.integers(0, (1 << 32) - 1))


@given(scopes, positions)
def test_an_iterator_stands_for_its_position(scope: PollScope, at: PollPosition) -> None:
    text = poll_iterator(scope, at)
    assert len(text) == 32
    assert parse_poll_iterator(scope, text) == at


@given(scopes, scopes, positions)
def test_an_iterator_of_another_scope_is_none(
    scope: PollScope, other: PollScope, at: PollPosition
) -> None:
    read = parse_poll_iterator(other, poll_iterator(scope, at))
    assert read == (at if other == scope else None)


@given(scopes, st.text(max_size=40))
def test_any_other_text_is_no_iterator(scope: PollScope, text: str) -> None:
    assert parse_poll_iterator(scope, text) is None
