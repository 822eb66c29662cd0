"""Which requests are traced, and what their spans say."""

from typing import Any

import pytest
from angarium_gateway.adapters.http.problems import Refused, problem_answer
from angarium_gateway.adapters.http.request_traces import RequestTraces, TraceSampling, ended

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"
ALWAYS, NEVER = 0.0, 0.999


def traces(
    recorded: Any, ratio: float, *, trust: bool = False, chance: float = 0.5
) -> RequestTraces:
    return RequestTraces(recorded.spans, TraceSampling(ratio, trust), lambda: chance)


@pytest.mark.parametrize("traceparent", [None, SAMPLED, UNSAMPLED, "x"])
@pytest.mark.parametrize(("chance", "traced"), [(0.2, True), (0.3, False), (0.9, False)])
def test_the_ratio_decides_whatever_a_client_says(
    recorded_spans: Any, traceparent: str | None, chance: float, traced: bool
) -> None:
    span = traces(recorded_spans, 0.3, chance=chance).begin(traceparent, None)
    assert (span is not None) is traced


@pytest.mark.parametrize(
    ("traceparent", "chance", "traced"),
    [
        (SAMPLED, NEVER, True),
        (UNSAMPLED, ALWAYS, False),
        (None, ALWAYS, True),
        (None, NEVER, False),
        ("x", NEVER, False),
    ],
)
def test_a_client_that_is_trusted_decides_for_its_traces(
    recorded_spans: Any, traceparent: str | None, chance: float, traced: bool
) -> None:
    found = traces(recorded_spans, 0.5, trust=True, chance=chance).begin(traceparent, None)
    assert (found is not None) is traced


def test_a_ratio_of_nothing_traces_nothing_and_one_of_all_everything(recorded_spans: Any) -> None:
    assert traces(recorded_spans, 0.0, chance=0.0).begin(SAMPLED, None) is None
    assert traces(recorded_spans, 1.0, chance=NEVER).begin(None, None) is not None


def test_without_tracing_no_request_is_traced() -> None:
    def chance() -> float:
        raise AssertionError("a process without tracing has nothing to decide")

    assert RequestTraces(None, TraceSampling(1.0), chance).begin(SAMPLED, None) is None


def test_a_traced_request_goes_on_with_the_trace_of_its_client(recorded_spans: Any) -> None:
    span = traces(recorded_spans, 1.0).begin(SAMPLED, "vendor=1")
    assert span is not None
    with ended(span):
        assert span.traceparent.startswith(f"00-{TRACE}-")
    (done,) = recorded_spans.ended
    assert (f"{done.parent.span_id:016x}", done.context.trace_state["vendor"]) == (SPAN, "1")


@pytest.mark.parametrize("traceparent", [None, "x", f"00-{'0' * 32}-{SPAN}-01", SAMPLED + "0"])
def test_otherwise_it_begins_a_trace_and_no_tracestate_counts(
    recorded_spans: Any, traceparent: str | None
) -> None:
    span = traces(recorded_spans, 1.0).begin(traceparent, "vendor=1")
    assert span is not None
    span.end()
    (done,) = recorded_spans.ended
    assert (done.parent, len(done.context.trace_state)) == (None, 0)


async def test_the_messages_of_a_request_get_the_trace_of_its_span(recorded_spans: Any) -> None:
    async def work(trace: str | None) -> str | None:
        return trace

    trace = await traces(recorded_spans, 1.0).run(SAMPLED, None, work)
    (done,) = recorded_spans.ended
    assert trace == f"00-{TRACE}-{done.context.span_id:016x}-81"
    assert await traces(recorded_spans, 0.0).run(SAMPLED, None, work) == SAMPLED
    assert await traces(recorded_spans, 0.0).run(UNSAMPLED, None, work) is None


def test_a_request_without_a_valid_login_has_no_span(recorded_spans: Any) -> None:
    span = traces(recorded_spans, 1.0).begin(None, None)
    assert span is not None
    with pytest.raises(Refused), ended(span):
        raise Refused(problem_answer(401, "a", "A", "a"))
    assert recorded_spans.ended == ()


@pytest.mark.parametrize(
    ("error", "attributes"),
    [
        (Refused(problem_answer(422, "a", "A", "a")), {"http.response.status_code": 422}),
        (
            Refused(problem_answer(503, "a", "A", "a")),
            {"http.response.status_code": 503, "error.type": "503"},
        ),
        (ValueError("canary"), {"error.type": "ValueError"}),
    ],
)
def test_the_span_of_a_request_that_fails_says_how_and_no_more(
    recorded_spans: Any, error: Exception, attributes: dict[str, Any]
) -> None:
    span = traces(recorded_spans, 1.0).begin(None, None)
    assert span is not None
    with pytest.raises(type(error)), ended(span):
        raise error
    (done,) = recorded_spans.ended
    assert (dict(done.attributes), done.events) == (attributes, ())
