"""Spans through a tracer of the OpenTelemetry SDK."""

import time
from collections.abc import Callable, Iterable, Sequence

from angarium_contracts.ids import MESSAGE, format_id
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    TraceState,
    set_span_in_context,
)

from .spans import LINK, MESSAGE_ID, Attributes, Kind
from .trace_text import (
    TraceContext,
    TracedMessage,
    is_recorded,
    parse_traceparent,
    recorded,
    traceparent_of,
)

_ROOT = Context()


class SdkSpan:
    """Implements `OpenSpan`."""

    __slots__ = ("_span", "_tracer", "began_ns", "trace")

    def __init__(self, span: Span, began_ns: int, tracer: Tracer) -> None:
        context = span.get_span_context()
        self._span = span
        self._tracer = tracer
        self.began_ns = began_ns
        self.trace = recorded(f"{context.trace_id:032x}", f"{context.span_id:016x}")

    @property
    def traceparent(self) -> str:
        """See the protocol."""
        return traceparent_of(self.trace)

    def set(self, attributes: Attributes) -> None:
        """See the protocol."""
        self._span.set_attributes(dict(attributes))

    def failed(self, error_type: str) -> None:
        """See the protocol."""
        self._span.set_attribute("error.type", error_type)
        self._span.set_status(Status(StatusCode.ERROR))

    def child(self, name: str, began_ns: int, ended_ns: int) -> None:
        """See the protocol."""
        context = set_span_in_context(self._span, _ROOT)
        self._tracer.start_span(name, context, start_time=began_ns).end(ended_ns)

    def end(self, ended_ns: int | None = None) -> None:
        """See the protocol."""
        self._span.end(ended_ns)


class SdkSpans:
    """Implements `Spans`."""

    def __init__(self, tracer: Tracer, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._tracer = tracer
        self.now_ns = now_ns

    def begin_request(
        self, name: str, client: TraceContext | None, states: Sequence[tuple[str, str]]
    ) -> SdkSpan:
        """See the protocol."""
        context = _ROOT if client is None else _below(client, states)
        return self._begin(name, Kind.SERVER, context, (), {})

    def begin_below(self, name: str, kind: Kind, trace: str, attributes: Attributes) -> SdkSpan:
        """See the protocol."""
        parent = parse_traceparent(trace)
        context = _ROOT if parent is None else _below(parent)
        return self._begin(name, kind, context, (), attributes)

    def begin_linked(
        self, name: str, kind: Kind, trace: str, link: str, attributes: Attributes
    ) -> SdkSpan:
        """See the protocol."""
        linked = parse_traceparent(trace)
        links = () if linked is None else (Link(_remote(linked), {LINK: link}),)
        return self._begin(name, kind, _ROOT, links, attributes)

    def record(
        self,
        name: str,
        kind: Kind,
        message: TracedMessage,
        began_ns: int,
        ended_ns: int,
        attributes: Attributes,
    ) -> None:
        """See the protocol."""
        parent = parse_traceparent(message.trace)
        if parent is None:
            return
        all_attributes = {MESSAGE_ID: format_id(MESSAGE, message.id), **attributes}
        self._tracer.start_span(
            name, _below(parent), SpanKind[kind.value], all_attributes, start_time=began_ns
        ).end(ended_ns)

    def record_each(
        self,
        name: str,
        kind: Kind,
        messages: Iterable[TracedMessage],
        began_ns: int,
        attributes: Attributes,
    ) -> None:
        """See the protocol."""
        traced = [message for message in messages if is_recorded(message.trace)]
        if not traced:
            return
        ended_ns = self.now_ns()
        for message in traced:
            self.record(name, kind, message, began_ns, ended_ns, attributes)

    def _begin(
        self,
        name: str,
        kind: Kind,
        context: Context,
        links: Sequence[Link],
        attributes: Attributes,
    ) -> SdkSpan:
        began_ns = self.now_ns()
        span = self._tracer.start_span(
            name, context, SpanKind[kind.value], dict(attributes), links, start_time=began_ns
        )
        return SdkSpan(span, began_ns, self._tracer)


def _below(parent: TraceContext, states: Sequence[tuple[str, str]] = ()) -> Context:
    return set_span_in_context(NonRecordingSpan(_remote(parent, states)), _ROOT)


def _remote(context: TraceContext, states: Sequence[tuple[str, str]] = ()) -> SpanContext:
    return SpanContext(
        int(context.trace_id, 16),
        int(context.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
        trace_state=TraceState(states),
    )
