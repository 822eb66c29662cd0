"""The export of spans by the exporters of the OpenTelemetry SDK."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as GrpcSpanExporter,
)
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as HttpSpanExporter,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExporter
from prometheus_client import REGISTRY

from .sdk_spans import SdkSpans
from .settings import TracingSettings
from .span_metrics import SpanMetrics
from .span_queue import CountedExporter, SpanQueue

CLOSE_S = 3.0
"""Time that a stopping process gives the collector to take the last spans."""
EXPORT_TIMEOUT_S = 10.0
"""Time for one batch, with its repetitions."""
_PATH = "/v1/traces"


def exporter_of(settings: TracingSettings) -> SpanExporter:
    """The exporter to the collector of the settings."""
    # They warn before each further try, several times for each batch. What fails is counted.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)
    endpoint, headers = settings.trace_endpoint or "", settings.trace_header_fields
    if settings.trace_protocol == "grpc":
        return GrpcSpanExporter(endpoint=endpoint, headers=headers, timeout=EXPORT_TIMEOUT_S)
    return HttpSpanExporter(
        endpoint=endpoint if settings.trace_path else f"{endpoint.rstrip('/')}{_PATH}",
        headers=headers,
        timeout=EXPORT_TIMEOUT_S,
    )


@asynccontextmanager
async def open_spans(
    exporter: SpanExporter, resource: Mapping[str, str], *, spans_max: int, close_s: float = CLOSE_S
) -> AsyncIterator[SdkSpans]:
    """Spans that `exporter` exports from a thread of its own."""
    counted = CountedExporter(exporter)
    queue = SpanQueue(counted, spans_max=spans_max)
    metrics = SpanMetrics(queue)
    REGISTRY.register(metrics)
    try:
        yield SdkSpans(Resource.create(resource), queue.on_end)
    finally:
        REGISTRY.unregister(metrics)
        await _close(queue, counted, close_s)


async def _close(queue: SpanQueue, exporter: CountedExporter, close_s: float) -> None:
    """Export the spans that wait, for at most `close_s`."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def shut_down() -> None:
        queue.shutdown()
        with suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(done.set)

    # Not in the loop's executor, whose threads a process waits for at its end: a request to a
    # collector that does not answer would keep it.
    threading.Thread(target=shut_down, name="tracing-close", daemon=True).start()
    try:
        async with asyncio.timeout(close_s):
            await done.wait()
    except TimeoutError:
        exporter.abandon()
