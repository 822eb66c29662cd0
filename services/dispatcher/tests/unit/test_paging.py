"""Keyset lists: walking them forwards and backwards, and iterators that cannot be read."""

import pytest
from angarium_dispatcher.domain.paging import (
    APPLICATIONS,
    ENDPOINTS,
    EVENT_TYPES,
    PageOf,
    cut_page,
    page_request,
    read_iterator,
)
from angarium_dispatcher.domain.refusals import InvalidField
from hypothesis import given
from hypothesis import strategies as st

keys = st.lists(st.integers(0, 60), unique=True, max_size=40).map(
    lambda numbers: sorted(number.to_bytes(16) for number in numbers)
)


def read_page(
    rows: list[bytes], *, limit: int, iterator: str | None, descending: bool
) -> PageOf[bytes]:
    """What a database does with a request."""
    request = page_request(APPLICATIONS, limit=limit, iterator=iterator, descending=descending)
    ordered = sorted(rows, reverse=request.reads_descending)
    if request.position is not None:
        key = request.position.key
        ordered = [row for row in ordered if (row < key if request.reads_descending else row > key)]
    return cut_page(request, ordered[: limit + 1], lambda row: row)


@given(keys, st.integers(1, 9), st.booleans())
def test_walking_forwards_gives_everything_once_in_order(
    rows: list[bytes], limit: int, descending: bool
) -> None:
    seen: list[bytes] = []
    iterator = None
    while True:
        page = read_page(rows, limit=limit, iterator=iterator, descending=descending)
        assert len(page.items) <= limit
        seen += page.items
        if page.done:
            break
        iterator = page.iterator
    assert seen == sorted(rows, reverse=descending)


@given(keys.filter(bool), st.integers(1, 9), st.booleans())
def test_walking_backwards_from_the_last_page_gives_the_rest(
    rows: list[bytes], limit: int, descending: bool
) -> None:
    iterator, page = None, None
    while page is None or not page.done:
        page = read_page(rows, limit=limit, iterator=iterator, descending=descending)
        iterator = page.iterator
    seen = list(page.items)
    while True:
        page = read_page(rows, limit=limit, iterator=page.prev_iterator, descending=descending)
        seen = [*page.items, *seen]
        if page.done:
            break
    assert seen == sorted(rows, reverse=descending)


def test_an_empty_page_keeps_its_iterator_so_that_polling_goes_on() -> None:
    first = read_page([b"a" * 16], limit=5, iterator=None, descending=False)
    then = read_page([b"a" * 16], limit=5, iterator=first.iterator, descending=False)
    assert then.items == ()
    assert then.done
    assert then.iterator == first.iterator
    later = read_page([b"a" * 16, b"b" * 16], limit=5, iterator=then.iterator, descending=False)
    assert later.items == (b"b" * 16,)


@pytest.mark.parametrize(
    "text",
    ["", "-", "x", "it_", "it_!", "-it_", "it_YQ", "app_00000000000000000000aa", "it_" * 400],
)
def test_an_unreadable_iterator_names_the_member(text: str) -> None:
    with pytest.raises(InvalidField) as refused:
        read_iterator(APPLICATIONS, text)
    assert refused.value.field == "iterator"


def test_an_iterator_of_another_list_is_unreadable() -> None:
    page = read_page([b"a" * 16], limit=1, iterator=None, descending=False)
    assert page.iterator is not None
    for kind in (ENDPOINTS, EVENT_TYPES):
        with pytest.raises(InvalidField):
            read_iterator(kind, page.iterator)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_iterators(text: str) -> None:
    for kind in (APPLICATIONS, EVENT_TYPES):
        try:
            position = read_iterator(kind, text)
        except InvalidField:
            continue
        assert kind.key.fullmatch(position.key)


@pytest.mark.parametrize("limit", [0, -1, 251])
def test_a_limit_out_of_range_names_the_member(limit: int) -> None:
    with pytest.raises(InvalidField) as refused:
        page_request(APPLICATIONS, limit=limit, iterator=None, descending=False)
    assert refused.value.field == "limit"
