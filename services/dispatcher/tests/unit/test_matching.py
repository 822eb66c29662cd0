"""Which endpoints of an application get a message."""

from angarium_dispatcher.domain.matching import EndpointFilter, Recipients, matches
from hypothesis import given
from hypothesis import strategies as st

names = st.sampled_from(["a", "b", "c", "d"])
name_sets = st.none() | st.frozensets(names, min_size=1)
endpoint_filters = st.lists(st.tuples(name_sets, name_sets), max_size=12).map(
    lambda pairs: [
        EndpointFilter(bytes([index]) * 16, index, types, channels)
        for index, (types, channels) in enumerate(pairs)
    ]
)
channel_lists = st.lists(names, max_size=3).map(tuple)


def an_endpoint(
    event_types: set[str] | None = None, channels: set[str] | None = None
) -> EndpointFilter:
    return EndpointFilter(
        b"e" * 16,
        1,
        None if event_types is None else frozenset(event_types),
        None if channels is None else frozenset(channels),
    )


def test_an_endpoint_without_filters_gets_every_message() -> None:
    assert matches(an_endpoint(), "invoice.paid", ())
    assert matches(an_endpoint(), "invoice.paid", ("project_1",))


def test_event_types_are_exact_names() -> None:
    wanted = an_endpoint(event_types={"invoice.paid"})
    assert matches(wanted, "invoice.paid", ())
    assert not matches(wanted, "invoice", ())
    assert not matches(wanted, "invoice.paid.late", ())
    assert not matches(wanted, "Invoice.paid", ())


def test_an_endpoint_with_channels_gets_only_messages_that_share_one() -> None:
    wanted = an_endpoint(channels={"one", "two"})
    assert matches(wanted, "invoice.paid", ("three", "two"))
    assert not matches(wanted, "invoice.paid", ("three",))
    assert not matches(wanted, "invoice.paid", ())


@given(endpoint_filters, names, channel_lists)
def test_the_index_finds_exactly_what_matches(
    wanted: list[EndpointFilter], event_type: str, channels: tuple[str, ...]
) -> None:
    found = Recipients(1, wanted).matching(event_type, channels)
    expected = [one for one in wanted if matches(one, event_type, channels)]
    assert len(found) == len(expected)
    assert {one.endpoint_id for one in found} == {one.endpoint_id for one in expected}


@given(endpoint_filters)
def test_the_weight_counts_endpoints_and_names(wanted: list[EndpointFilter]) -> None:
    names_in_all = sum(len(one.event_types or ()) + len(one.channels or ()) for one in wanted)
    assert Recipients(1, wanted).weight == 1 + len(wanted) + names_in_all
