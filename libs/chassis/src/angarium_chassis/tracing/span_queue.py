"""The bounded queue between the spans of a process and the collector."""

import threading
from collections.abc import Sequence
from typing import override

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

BATCH_MAX = 512
EVERY_S = 1.0


class CountedExporter(SpanExporter):
    """Counts what an exporter exports, and gives up what is left once `abandon` was called.

    Its counters are written by the exporting thread only.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._abandoned = threading.Event()
        self.exported = 0
        self.failed = 0

    @property
    def taken(self) -> int:
        """The number of spans that left the queue, whether the collector has them or not."""
        return self.exported + self.failed

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans to the collector; blocks."""
        result = SpanExportResult.FAILURE
        try:
            if not self._abandoned.is_set():
                result = self._exporter.export(spans)
        finally:
            if result is SpanExportResult.SUCCESS:
                self.exported += len(spans)
            else:
                self.failed += len(spans)
        return result

    def abandon(self) -> None:
        """Give up: end the waiting for another try of the request under way."""
        if not self._abandoned.is_set():
            self._abandoned.set()
            self._exporter.shutdown()

    @override
    def shutdown(self) -> None:
        """Close the connection to the collector."""
        self.abandon()


class SpanQueue(BatchSpanProcessor):
    """Takes ended spans from the event loop; a thread exports them in batches.

    Beyond `spans_max` spans are dropped and counted. Taking one never waits.
    """

    def __init__(self, exporter: CountedExporter, *, spans_max: int) -> None:
        self.spans_max = spans_max
        self.exporter = exporter
        self._taken_in = 0
        self.dropped = 0
        super().__init__(
            exporter,
            max_queue_size=spans_max,
            schedule_delay_millis=EVERY_S * 1_000,
            max_export_batch_size=min(BATCH_MAX, spans_max),
        )

    @property
    def waiting(self) -> int:
        """The number of spans in the queue, and of those that are being exported."""
        return self._taken_in - self.exporter.taken

    @override
    def shutdown(self) -> None:
        """Export what waits, and close the exporter; blocks."""
        super().shutdown()  # type: ignore[no-untyped-call]

    @override
    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span, or drop it. Called by the event loop's thread only."""
        if self.waiting >= self.spans_max:
            self.dropped += 1
            return
        self._taken_in += 1
        super().on_end(span)
