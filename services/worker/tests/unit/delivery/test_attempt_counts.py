"""How an attempt is counted, and the line that a failed one may have."""

from typing import Any

import pytest
from angarium_chassis import log_levels
from angarium_contracts.ids import ENDPOINT, MESSAGE, format_id
from angarium_worker.adapters.metrics import WorkerMetrics
from angarium_worker.domain.attempt_result import FailureReason, without_answer
from structlog.testing import capture_logs

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def sent(rig: Any, answer: Any, **members: Any) -> tuple[bytes, bytes]:
    rig.sender.answers = answer
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    requested = rig.chunk([endpoint], **members)
    await rig.take(requested)
    await rig.until_settled()
    return requested.messages[0].id, endpoint


def samples(rig: Any) -> dict[tuple[str, ...], float]:
    metrics = WorkerMetrics(rig.worker, directory_age_s=lambda: 1.0, statistics_lag_s=lambda: 2.0)
    return {
        (each.name, *each.labels.values()): each.value
        for metric in metrics.collect()
        for each in metric.samples
    }


async def test_an_attempt_counts_by_its_outcome_and_the_class_of_its_status(rig: Any) -> None:
    await sent(rig, 204)

    found = samples(rig)
    assert found["angarium_worker_attempts_total", "delivered", "2xx"] == 1
    assert found["angarium_worker_attempts_total", "failed", "2xx"] == 0
    assert found["angarium_worker_delivery_latency_seconds_count", "first"] == 1
    assert found["angarium_worker_delivery_latency_seconds_count", "retry"] == 0


async def test_a_failed_attempt_has_no_latency_but_its_class(rig: Any) -> None:
    await sent(rig, 503)

    found = samples(rig)
    assert found["angarium_worker_attempts_total", "failed", "5xx"] == 1
    assert found["angarium_worker_delivery_latency_seconds_count", "first"] == 0
    assert found["angarium_worker_attempt_duration_seconds_count",] == 1


@pytest.mark.parametrize(("flags", "exemplars"), [("81", 1), ("01", 0)])
async def test_a_latency_leads_to_the_trace_of_a_message_that_is_recorded(
    rig: Any, flags: str, exemplars: int
) -> None:
    await sent(rig, 204, trace=f"{TRACE[:-2]}{flags}")

    kept = rig.worker.capacity.counters.first_latencies_s.examples.values()
    assert [each.labels["trace_id"] for each in kept] == [TRACE.split("-")[1]] * exemplars
    assert all(each.at_s == rig.now_ns / 1e9 for each in kept)


async def test_an_attempt_without_an_answer_counts_by_its_reason(rig: Any) -> None:
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    await rig.take(rig.chunk([endpoint]))
    await rig.until_sent(1)
    rig.sender.sent[0].on_result(without_answer(FailureReason.DNS_FAILED, "no such host"))
    await rig.until_settled()

    found = samples(rig)
    assert found["angarium_worker_attempts_total", "failed", "none"] == 1
    assert found["angarium_worker_failures_total", "dns_failed"] == 1


async def test_a_failed_attempt_is_not_logged_by_default(rig: Any) -> None:
    with capture_logs() as lines:
        await sent(rig, 503)

    assert [line for line in lines if line["event"] == "attempt.failed"] == []


async def test_a_failed_attempt_is_one_wide_line_if_the_operator_asks(
    rig: Any, monkeypatch: Any
) -> None:
    levels = log_levels.LogLevels.of("info", {"attempt": "debug"})
    monkeypatch.setattr(log_levels, "_current", levels)

    with capture_logs() as lines:
        message_id, endpoint_id = await sent(rig, 503, trace=TRACE)

    (line,) = [line for line in lines if line["event"] == "attempt.failed"]
    assert line["message_id"] == format_id(MESSAGE, message_id)
    assert line["endpoint_id"] == format_id(ENDPOINT, endpoint_id)
    assert line["trace_id"] == TRACE.split("-")[1]
    assert (line["response_status"], line["number"], line["verdict"]) == (503, 1, "retry")
    assert line["retry_in_s"] > 0
    assert "https://example.com" not in str(line)
