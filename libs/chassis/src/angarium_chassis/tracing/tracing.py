"""The tracing of one process, opened and closed by its composition root."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .settings import TracingSettings
from .spans import Spans


@asynccontextmanager
async def open_tracing(
    settings: TracingSettings, *, service: str, version: str, replica: str
) -> AsyncIterator[Spans | None]:
    """The spans of this process, exported until the end; None while tracing is off."""
    if settings.trace_endpoint is None:
        yield None
        return
    # Takes some time and memory to import, which a process without tracing should not spend.
    from .exporting import exporter_of, open_spans

    resource = {
        "service.namespace": "angarium",
        "service.name": f"angarium-{service}",
        "service.version": version,
        "service.instance.id": replica,
    }
    async with open_spans(
        exporter_of(settings), resource, spans_max=settings.trace_queue_max
    ) as spans:
        yield spans
