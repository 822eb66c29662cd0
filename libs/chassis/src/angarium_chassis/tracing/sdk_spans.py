"""Spans in the form of the OpenTelemetry SDK, which its exporters take.

They are built here and not by a tracer of the SDK, which takes seven times as long: it asks a
sampler, and copies and checks each attribute under a lock. Here the gateway has decided what is
traced, and all attributes are our own.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from random import getrandbits
from typing import Final, override

from angarium_contracts.ids import MESSAGE, format_id
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
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

_SCOPE: Final = InstrumentationScope("angarium")
_KINDS: Final = {kind: SpanKind[kind.value] for kind in Kind}
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_UNSET: Final = Status()
_ERROR: Final = Status(StatusCode.ERROR)

type Export = Callable[[ReadableSpan], None]


class HashedResource(Resource):
    """A resource that keeps its hash, which exporters ask for with each span. The SDK's own makes
    it from JSON each time."""

    def __init__(self, resource: Resource) -> None:
        super().__init__(resource.attributes, resource.schema_url)
        self._hash = super().__hash__()

    @override
    def __hash__(self) -> int:
        return self._hash

    @override
    def __eq__(self, other: object) -> bool:
        return self is other or super().__eq__(other)


class SdkSpan:
    """Implements `OpenSpan`."""

    __slots__ = (
        "_attributes",
        "_context",
        "_kind",
        "_links",
        "_name",
        "_parent",
        "_spans",
        "_status",
        "began_ns",
        "trace",
    )

    def __init__(
        self,
        spans: "SdkSpans",
        name: str,
        kind: Kind,
        parent: SpanContext | None,
        attributes: Attributes,
        links: Sequence[Link] = (),
    ) -> None:
        self._spans = spans
        self._name = name
        self._kind = kind
        self._parent = parent
        self._context = context = _new_context(parent)
        self._attributes = dict(attributes)
        self._links = links
        self._status = _UNSET
        self.began_ns = spans.now_ns()
        self.trace = recorded(f"{context.trace_id:032x}", f"{context.span_id:016x}")

    @property
    def traceparent(self) -> str:
        """See the protocol."""
        return traceparent_of(self.trace)

    def set(self, attributes: Attributes) -> None:
        """See the protocol."""
        self._attributes.update(attributes)

    def failed(self, error_type: str) -> None:
        """See the protocol."""
        self._attributes["error.type"] = error_type
        self._status = _ERROR

    def child(self, name: str, began_ns: int, ended_ns: int) -> None:
        """See the protocol."""
        self._spans.export(
            ReadableSpan(
                name,
                _new_context(self._context),
                self._context,
                self._spans.resource,
                start_time=began_ns,
                end_time=ended_ns,
                instrumentation_scope=_SCOPE,
            )
        )

    def end(self, ended_ns: int | None = None) -> None:
        """See the protocol."""
        self._spans.export(
            ReadableSpan(
                self._name,
                self._context,
                self._parent,
                self._spans.resource,
                self._attributes,
                links=self._links,
                kind=_KINDS[self._kind],
                status=self._status,
                start_time=self.began_ns,
                end_time=self._spans.now_ns() if ended_ns is None else ended_ns,
                instrumentation_scope=_SCOPE,
            )
        )


class SdkSpans:
    """Implements `Spans`. `export` is called with each span that ended."""

    def __init__(
        self, resource: Resource, export: Export, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self.resource = HashedResource(resource)
        self.export = export
        self.now_ns = now_ns

    def begin_request(
        self, name: str, client: TraceContext | None, states: Sequence[tuple[str, str]]
    ) -> SdkSpan:
        """See the protocol."""
        parent = None if client is None else _remote(client, TraceState(states))
        return SdkSpan(self, name, Kind.SERVER, parent, {})

    def begin_below(self, name: str, kind: Kind, trace: str, attributes: Attributes) -> SdkSpan:
        """See the protocol."""
        parent = parse_traceparent(trace)
        return SdkSpan(self, name, kind, parent and _remote(parent), attributes)

    def begin_linked(
        self, name: str, kind: Kind, trace: str, link: str, attributes: Attributes
    ) -> SdkSpan:
        """See the protocol."""
        linked = parse_traceparent(trace)
        links = () if linked is None else (Link(_remote(linked), {LINK: link}),)
        return SdkSpan(self, name, kind, None, attributes, links)

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
        acceptance = parse_traceparent(message.trace)
        if acceptance is None:
            return
        parent = _remote(acceptance)
        self.export(
            ReadableSpan(
                name,
                _new_context(parent),
                parent,
                self.resource,
                {MESSAGE_ID: format_id(MESSAGE, message.id), **attributes},
                kind=_KINDS[kind],
                start_time=began_ns,
                end_time=ended_ns,
                instrumentation_scope=_SCOPE,
            )
        )

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


def _new_context(parent: SpanContext | None) -> SpanContext:
    """The context of a new span, in the trace of its parent."""
    if parent is None:
        return SpanContext(_random_id(128), _random_id(64), is_remote=False, trace_flags=_SAMPLED)
    return SpanContext(
        parent.trace_id,
        _random_id(64),
        is_remote=False,
        trace_flags=_SAMPLED,
        trace_state=parent.trace_state,
    )


def _random_id(bits: int) -> int:
    return getrandbits(bits) or 1  # an id of zeros is not valid


def _remote(context: TraceContext, state: TraceState | None = None) -> SpanContext:
    return SpanContext(
        int(context.trace_id, 16),
        int(context.span_id, 16),
        is_remote=True,
        trace_flags=_SAMPLED,
        trace_state=state,
    )
