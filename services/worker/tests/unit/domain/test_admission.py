"""Whether a delivery may begin: one decision for chunks, due rows and lanes."""

from typing import Any

from angarium_worker.domain.admission import Admission, EndpointFact, Origin, decide
from hypothesis import given
from hypothesis import strategies as st

FLAGS = ("cancelled", "paused", "has_slot", "crowded_out", "refused", "down", "backlog")
facts = st.fixed_dictionaries({name: st.booleans() for name in FLAGS})
origins, endpoints = st.sampled_from(Origin), st.sampled_from(EndpointFact)


@given(origins, endpoints, facts)
def test_only_what_nobody_cancelled_starts_at_an_endpoint_that_takes_it(
    origin: Origin, endpoint: EndpointFact, given_facts: dict[str, Any]
) -> None:
    if decide(origin, endpoint, **given_facts) is Admission.START:
        assert not given_facts["cancelled"]
        assert not given_facts["paused"]
        assert not given_facts["refused"]
        assert given_facts["has_slot"]
        assert endpoint in (EndpointFact.USABLE, EndpointFact.STRICT)


@given(origins, facts)
def test_a_strict_endpoint_gets_only_what_had_its_turn_in_the_lane(
    origin: Origin, given_facts: dict[str, Any]
) -> None:
    admission = decide(origin, EndpointFact.STRICT, **given_facts)
    if origin is not Origin.LANE:
        assert admission in (Admission.QUEUE, Admission.CANCEL)


@given(origins, endpoints, facts)
def test_nothing_is_sent_any_more_exactly_if_it_was_cancelled_or_its_endpoint_is_inactive(
    origin: Origin, endpoint: EndpointFact, given_facts: dict[str, Any]
) -> None:
    ends = given_facts["cancelled"] or endpoint is EndpointFact.INACTIVE
    assert (decide(origin, endpoint, **given_facts) is Admission.CANCEL) is ends


@given(endpoints, facts)
def test_only_first_attempts_wait_in_memory_and_never_beside_a_backlog(
    endpoint: EndpointFact, given_facts: dict[str, Any]
) -> None:
    for origin in (Origin.TIME, Origin.LANE):
        admission = decide(origin, endpoint, **given_facts)
        assert admission is not Admission.WAIT_FOR_ENDPOINT
    admission = decide(Origin.CHUNK, endpoint, **given_facts)
    if admission is Admission.WAIT_FOR_ENDPOINT:
        assert not given_facts["backlog"]
    if admission in (Admission.WAIT_FOR_ENDPOINT, Admission.WAIT_FOR_SLOT):
        assert endpoint is EndpointFact.USABLE
        assert not given_facts["down"]


@given(endpoints, facts)
def test_what_comes_from_a_chunk_is_never_parked_since_its_lane_keeps_the_order(
    endpoint: EndpointFact, given_facts: dict[str, Any]
) -> None:
    assert decide(Origin.CHUNK, endpoint, **given_facts) is not Admission.PARK


@given(origins, st.sampled_from([EndpointFact.USABLE, EndpointFact.STRICT]), facts)
def test_what_was_refused_is_not_tried_again_at_once(
    origin: Origin, endpoint: EndpointFact, given_facts: dict[str, Any]
) -> None:
    again = decide(origin, endpoint, **given_facts | {"refused": True})
    assert again is not Admission.START
