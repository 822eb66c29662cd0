"""Spans of the commit and the relay: one for each traced message of a group, no other."""

from typing import Any

from angarium_chassis.tracing.trace_text import recorded
from angarium_contracts.ids import MESSAGE, format_id
from angarium_gateway.domain.messages import KeyTaken

from ...fakes.journal_model import a_message
from ...fakes.relay_rig import Rig
from ...fakes.simulated_time import Running, quiet, simulated

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def named(spans: Any) -> list[tuple[str, str]]:
    return [(span.name, span.attributes["angarium.message.id"]) for span in spans.ended]


@simulated
async def test_traced_messages_of_a_group_have_spans_below_their_acceptance(
    recorded_spans: Any,
) -> None:
    rig = Rig(spans=recorded_spans.spans)
    traced = a_message(trace=recorded(TRACE, SPAN))
    again = a_message(trace=recorded("c" * 32, SPAN))
    client_only = a_message(trace=f"00-{TRACE}-{SPAN}-01")
    rig.journal.outcomes = {again.id: KeyTaken()}
    async with Running(rig.relay.run):
        await rig.path.commit_messages([a_message(), traced, client_only, again])
        await quiet()

    name = format_id(MESSAGE, traced.id)
    assert named(recorded_spans) == [("commit", name), ("relay", name)]
    commit, relay = recorded_spans.ended
    for span in (commit, relay):
        assert f"{span.context.trace_id:032x}" == TRACE
        assert f"{span.parent.span_id:016x}" == SPAN
    assert commit.attributes["messaging.batch.message_count"] == 4
    assert relay.attributes["angarium.publication"] == 1
    assert commit.end_time <= relay.start_time


@simulated
async def test_a_batch_that_is_published_again_is_relayed_in_the_same_trace(
    recorded_spans: Any,
) -> None:
    rig = Rig(spans=recorded_spans.spans)
    async with Running(rig.relay.run):
        batch = await rig.commit(a_message(trace=recorded(TRACE, SPAN)))
        await quiet()
        rig.relay.publish_again([batch.id])
        await quiet()
    relays = [span for span in recorded_spans.ended if span.name == "relay"]
    assert [span.attributes["angarium.publication"] for span in relays] == [1, 2]
    assert {f"{span.context.trace_id:032x}" for span in relays} == {TRACE}


@simulated
async def test_without_a_traced_message_there_is_no_span(recorded_spans: Any) -> None:
    rig = Rig(spans=recorded_spans.spans)
    async with Running(rig.relay.run):
        await rig.path.commit_messages([a_message(), a_message(trace=f"00-{TRACE}-{SPAN}-03")])
        await quiet()
    assert len(rig.streams.entries) == 1
    assert recorded_spans.ended == ()
