"""Spans of the dispatch: one for each traced message, no other."""

from typing import Any

from angarium_chassis.tracing.trace_text import recorded
from angarium_contracts.hot_path import AcceptedMessage, MessagesAccepted
from angarium_contracts.ids import MESSAGE, format_id
from angarium_dispatcher.application.dispatch.dispatch_messages import MatchedBatch
from angarium_dispatcher.application.dispatch.dispatch_spans import record_dispatch
from angarium_dispatcher.domain.matching import EndpointFilter

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def a_message(number: int, trace: str | None) -> AcceptedMessage:
    return AcceptedMessage(number.to_bytes(16), b"t" * 16, b"a" * 16, 1, "a.b", b"{}", trace=trace)


def test_traced_messages_have_a_span_below_their_acceptance(recorded_spans: Any) -> None:
    messages = (
        a_message(1, None),
        a_message(2, recorded(TRACE, SPAN)),
        a_message(3, f"00-{TRACE}-{SPAN}-01"),
    )
    endpoints = [EndpointFilter(bytes(16), 1, None)] * 3
    batch = MessagesAccepted(b"b" * 16, 2, "settle", messages)

    record_dispatch(recorded_spans.spans, [MatchedBatch(batch, ((), endpoints, ()), {})], 5)

    (span,) = recorded_spans.ended
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, SPAN)
    assert (span.name, span.start_time) == ("dispatch", 5)
    assert dict(span.attributes) == {
        "angarium.message.id": format_id(MESSAGE, messages[1].id),
        "messaging.batch.message_count": 3,
        "angarium.deliveries": 3,
        "angarium.publication": 2,
    }
