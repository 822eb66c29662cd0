"""Spans of traced messages, as the parts of a service record them.

A service without tracing has none of this: its parts take `Spans | None`.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Final, Protocol

from .trace_text import TraceContext, TracedMessage

MESSAGE_ID: Final = "angarium.message.id"
LINK: Final = "angarium.link"
NS_PER_S: Final = 1_000_000_000

type Attributes = Mapping[str, str | int | bool]


class Kind(Enum):
    """Kinds of spans, with OpenTelemetry's names."""

    SERVER = "SERVER"
    INTERNAL = "INTERNAL"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"
    CLIENT = "CLIENT"


class OpenSpan(Protocol):
    """A span that has begun. One that is never ended is not exported."""

    @property
    def trace(self) -> str:
        """The text for messages whose spans are to stand below this one."""
        ...

    @property
    def traceparent(self) -> str:
        """The header for a request that this span is about."""
        ...

    @property
    def began_ns(self) -> int:
        """When it began."""
        ...

    def set(self, attributes: Attributes) -> None:
        """Add attributes."""
        ...

    def failed(self, error_type: str) -> None:
        """Mark what the span is about as failed."""
        ...

    def child(self, name: str, began_ns: int, ended_ns: int) -> None:
        """Record a part of it that has ended."""
        ...

    def end(self, ended_ns: int | None = None) -> None:
        """End and export it, now or as of `ended_ns`."""
        ...


class Spans(Protocol):
    """Begins and records spans. Times are Unix times in nanoseconds."""

    def now_ns(self) -> int:
        """The time now."""
        ...

    def begin_request(
        self, name: str, client: TraceContext | None, states: Sequence[tuple[str, str]]
    ) -> OpenSpan:
        """Begin the span of a client's request, in the client's trace if it has one."""
        ...

    def begin_below(self, name: str, kind: Kind, trace: str, attributes: Attributes) -> OpenSpan:
        """Begin a span below the acceptance of a message with this `trace`."""
        ...

    def begin_linked(
        self, name: str, kind: Kind, trace: str, link: str, attributes: Attributes
    ) -> OpenSpan:
        """Begin a trace of its own, linked to the acceptance of a message with this `trace`;
        `link` says why."""
        ...

    def record(
        self,
        name: str,
        kind: Kind,
        message: TracedMessage,
        began_ns: int,
        ended_ns: int,
        attributes: Attributes,
    ) -> None:
        """Record work on a traced message that has ended."""
        ...

    def record_each(
        self,
        name: str,
        kind: Kind,
        messages: Iterable[TracedMessage],
        began_ns: int,
        attributes: Attributes,
    ) -> None:
        """Record work on a group of messages that ends now: a span for each traced one."""
        ...
