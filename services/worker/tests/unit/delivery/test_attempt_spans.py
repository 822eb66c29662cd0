"""Spans of attempts: the first in the trace of its message, what comes later linked to it."""

from typing import Any

import pytest
from angarium_chassis.tracing.trace_text import recorded
from angarium_contracts.ids import APPLICATION, ENDPOINT, MESSAGE, format_id
from angarium_worker.domain.attempt_result import (
    Accepted,
    FailureReason,
    Rejected,
    without_answer,
)

from .delivery_scenarios import EMPTY

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
RECORDED, CLIENTS = recorded(TRACE, SPAN), f"00-{TRACE}-{SPAN}-03"


def told(attempt: Any) -> str:
    headers: dict[str, str] = dict(attempt.request.headers)
    return headers["traceparent"]


def ids(span: Any) -> str:
    return f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01"


async def first_attempt(rig: Any, trace: str | None, **endpoint: Any) -> tuple[Any, bytes, bytes]:
    endpoint_id = rig.add_endpoint(**endpoint)
    await rig.know(endpoint_id)
    chunk = rig.chunk([endpoint_id], trace=trace)
    await rig.take(chunk)
    await rig.until_sent(1)
    return rig.sender.sent[0], chunk.messages[0].id, endpoint_id


async def test_a_first_attempt_is_below_the_acceptance_of_its_message(
    start_rig: Any, recorded_spans: Any
) -> None:
    rig = start_rig(spans=recorded_spans.spans)
    url = "https://user:canary@example.com:8443/hooks/canary?key=canary"
    attempt, message_id, endpoint_id = await first_attempt(rig, RECORDED, url=url)
    result = Accepted(200, duration_s=0.5, first_byte_s=0.4, dns_s=0.1, connect_s=0.05, tls_s=0.15)
    attempt.on_result(result)
    await rig.until_settled()

    *phases, span = recorded_spans.ended
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, SPAN)
    assert (span.name, span.links, told(attempt)) == ("attempt", (), ids(span))
    assert span.end_time - span.start_time == 500_000_000
    assert dict(span.attributes) == {
        "angarium.message.id": format_id(MESSAGE, message_id),
        "angarium.application.id": format_id(APPLICATION, b"a" * 16),
        "angarium.endpoint.id": format_id(ENDPOINT, endpoint_id),
        "angarium.attempt.number": 1,
        "server.address": "example.com",
        "server.port": 8443,
        "angarium.attempt.outcome": "accepted",
        "angarium.connection.reused": False,
        "http.response.status_code": 200,
    }
    assert {phase.parent.span_id for phase in phases} == {span.context.span_id}
    lengths = [(phase.name, round((phase.end_time - phase.start_time) / 1e6)) for phase in phases]
    assert lengths == [
        ("dns", 100), ("connect", 50), ("tls", 150), ("first_byte", 100), ("body", 100),
    ]  # fmt: skip
    edges = [(phase.start_time, phase.end_time) for phase in phases]
    assert [end for _, end in edges[:-1]] == [start for start, _ in edges[1:]]
    assert "canary" not in "".join(each.to_json() for each in recorded_spans.ended)


@pytest.mark.parametrize(
    ("result", "error_type"),
    [
        (Rejected(410, duration_s=0.1, first_byte_s=0.1), "410"),
        (
            without_answer(FailureReason.CONNECTION_REFUSED, "canary", 0.1),
            "connection_refused",
        ),
    ],
)
async def test_a_failed_attempt_says_why(
    start_rig: Any, recorded_spans: Any, result: Any, error_type: str
) -> None:
    rig = start_rig(spans=recorded_spans.spans)
    attempt, *_ = await first_attempt(rig, RECORDED)
    attempt.on_result(result)
    await rig.until_settled()
    span = recorded_spans.ended[-1]
    assert (span.attributes["error.type"], span.status.is_ok) == (error_type, False)
    assert "canary" not in span.to_json()


@pytest.mark.parametrize(
    ("members", "link"),
    [
        ({"attempts_made": 1}, "retry"),
        ({"attempts_made": 0, "trigger": 1}, "resend"),
        ({"attempts_made": 3, "trigger": 1}, "resend"),
    ],
)
async def test_a_retry_or_a_resend_begins_a_trace_that_is_linked(
    start_rig: Any, recorded_spans: Any, members: Any, link: str
) -> None:
    rig = start_rig(spans=recorded_spans.spans, retrying=True)
    row = EMPTY._replace(
        message_id=b"m" * 16, endpoint_id=rig.add_endpoint(), trace=RECORDED, **members
    )
    rig.ledger.pending[row.key] = row
    rig.ledger.due_at[row.key] = 0
    await rig.until_sent(1)
    rig.sender.sent[0].answer(204)
    await rig.until_idle()
    span = recorded_spans.ended[-1]
    (linked,) = span.links
    assert (f"{linked.context.trace_id:032x}", f"{linked.context.span_id:016x}") == (TRACE, SPAN)
    assert (span.parent, dict(linked.attributes)) == (None, {"angarium.link": link})
    assert told(rig.sender.sent[0]) == ids(span)
    assert f"{span.context.trace_id:032x}" != TRACE


async def test_what_waited_for_its_first_attempt_is_still_in_the_trace_of_its_message(
    start_rig: Any, recorded_spans: Any
) -> None:
    rig = start_rig(spans=recorded_spans.spans, retrying=True)
    row = EMPTY._replace(
        message_id=b"m" * 16, endpoint_id=rig.add_endpoint(), trace=RECORDED, attempts_made=0
    )
    rig.ledger.pending[row.key] = row
    rig.ledger.due_at[row.key] = 0
    await rig.until_sent(1)
    rig.sender.sent[0].answer(204)
    await rig.until_idle()
    span = recorded_spans.ended[-1]
    assert (f"{span.parent.span_id:016x}", span.links) == (SPAN, ())


async def test_the_context_of_a_client_is_passed_on_without_a_span(
    start_rig: Any, recorded_spans: Any
) -> None:
    rig = start_rig(spans=recorded_spans.spans)
    attempt, *_ = await first_attempt(rig, CLIENTS)
    attempt.answer(200)
    await rig.until_settled()
    assert (told(attempt), recorded_spans.ended) == (CLIENTS, ())


async def test_a_worker_without_tracing_passes_on_the_context_of_the_message(
    start_rig: Any,
) -> None:
    attempt, *_ = await first_attempt(start_rig(), RECORDED)
    assert told(attempt) == f"00-{TRACE}-{SPAN}-01"
    attempt.answer(200)
