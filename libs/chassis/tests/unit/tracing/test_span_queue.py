"""Export: bounded, counted, and never in the way of what is traced."""

import threading
from collections.abc import Sequence
from typing import NamedTuple, override

from angarium_chassis.tracing.exporting import open_spans
from angarium_chassis.tracing.sdk_spans import SdkSpans
from angarium_chassis.tracing.span_queue import CountedExporter
from angarium_chassis.tracing.spans import Kind
from angarium_chassis.tracing.trace_text import recorded
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import REGISTRY

SPANS_MAX = 600


class Message(NamedTuple):
    id: bytes
    trace: str | None


MESSAGE = Message(bytes(16), recorded("a" * 32, "b" * 16))


class StuckCollector(SpanExporter):
    """Answers nothing until `answer` is set; then takes everything or nothing."""

    def __init__(self, result: SpanExportResult = SpanExportResult.SUCCESS) -> None:
        self.asked, self.answer, self.closed = (threading.Event() for _ in range(3))
        self.result = result
        self.got: list[str] = []

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked.set()
        self.answer.wait()
        self.got.extend(span.name for span in spans)
        return self.result

    @override
    def shutdown(self) -> None:
        self.closed.set()
        self.answer.set()


def record(spans: SdkSpans, name: str = "work") -> None:
    spans.record(name, Kind.INTERNAL, MESSAGE, 1, 2, {})


def counted(outcome: str) -> float | None:
    return REGISTRY.get_sample_value("angarium_trace_spans_total", {"outcome": outcome})


def waiting() -> float | None:
    return REGISTRY.get_sample_value("angarium_trace_spans_waiting")


async def test_beyond_its_bound_spans_are_dropped_and_counted_without_waiting() -> None:
    collector = StuckCollector()
    async with open_spans(collector, {}, spans_max=SPANS_MAX) as spans:
        # Were any of these calls to wait for the collector, the test would never end.
        for _ in range(SPANS_MAX + 1_000):
            record(spans)
        assert collector.asked.wait(30)
        assert (counted("dropped"), counted("exported")) == (1_000, 0)
        assert waiting() == SPANS_MAX
        collector.answer.set()
    assert len(collector.got) == SPANS_MAX
    assert counted("dropped") is None


async def test_a_stopping_process_does_not_wait_for_a_collector_that_does_not_answer() -> None:
    collector = StuckCollector(SpanExportResult.FAILURE)
    async with open_spans(collector, {}, spans_max=SPANS_MAX, close_s=0.01) as spans:
        record(spans)
    assert collector.closed.is_set()


async def test_the_last_spans_are_exported_at_the_end() -> None:
    collector = StuckCollector()
    collector.answer.set()
    async with open_spans(collector, {}, spans_max=SPANS_MAX) as spans:
        record(spans, "last")
    assert collector.got == ["last"]
    assert collector.closed.is_set()


def test_spans_that_the_collector_does_not_take_are_counted() -> None:
    refusing, taking = StuckCollector(SpanExportResult.FAILURE), StuckCollector()
    for collector, expected in ((refusing, (0, 3)), (taking, (3, 0))):
        collector.answer.set()
        exporter = CountedExporter(collector)
        exporter.export([ReadableSpan("work")] * 3)
        assert (exporter.exported, exporter.failed, exporter.taken) == (*expected, 3)


def test_what_is_abandoned_is_not_sent_any_more() -> None:
    collector = StuckCollector()
    exporter = CountedExporter(collector)
    exporter.abandon()
    exporter.export([ReadableSpan("work")])
    assert (collector.got, exporter.failed) == ([], 1)
