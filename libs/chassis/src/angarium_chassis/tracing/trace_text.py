"""The text by which a message carries its trace through streams and rows.

It is a W3C traceparent (https://www.w3.org/TR/trace-context/), whose flags say more than those of
the header: with `RECORDED`, Angarium records spans of the message, and the text names the span of
its acceptance. Without, it is the client's own context, which is passed on to the endpoints.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

SAMPLED: Final = 0x01
RECORDED: Final = 0x80
"""A flag that the specification leaves unused, so that a worker of an older version, which sends
the text along as it is, still sends a valid header."""
_CLIENT_FLAGS: Final = 0x03  # sampled, and that the trace id is random
_RECORDED_SUFFIX: Final = f"-{RECORDED | SAMPLED:02x}"
_HEADER_LENGTH_MAX: Final = 512
# A later version may have more fields, after another dash.
_TRACEPARENT: Final = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)


class TraceContext(NamedTuple):
    """The ids of a trace and of one of its spans, in hexadecimal, and the flags."""

    trace_id: str
    span_id: str
    flags: int

    @property
    def sampled(self) -> bool:
        """True if whoever began the trace records it."""
        return bool(self.flags & SAMPLED)


class TracedMessage(Protocol):
    """A message that may be traced."""

    @property
    def id(self) -> bytes: ...
    @property
    def trace(self) -> str | None: ...


def parse_traceparent(text: str | None) -> TraceContext | None:
    """The context of a header `traceparent`; None if there is none, or it is not valid."""
    if text is None or len(text) > _HEADER_LENGTH_MAX:
        return None
    found = _TRACEPARENT.fullmatch(text)
    if found is None or (found[1] == "00" and found[5] is not None):
        return None
    return TraceContext(found[2], found[3], int(found[4], 16))


def passed_on(traceparent: str | None) -> str | None:
    """The text for a message of which no spans are recorded: the client's context if its trace is
    sampled, and None otherwise."""
    context = parse_traceparent(traceparent)
    if context is None or not context.sampled:
        return None
    return f"00-{context.trace_id}-{context.span_id}-{context.flags & _CLIENT_FLAGS:02x}"


def recorded(trace_id: str, span_id: str) -> str:
    """The text for a message of which spans are recorded."""
    return f"00-{trace_id}-{span_id}{_RECORDED_SUFFIX}"


def is_recorded(trace: str | None) -> bool:
    """True if spans are recorded of a message with this text."""
    return trace is not None and trace.endswith(_RECORDED_SUFFIX)


def traceparent_of(trace: str) -> str:
    """The header `traceparent` to send along with a message."""
    return f"{trace[:-2]}01" if is_recorded(trace) else trace


def log_fields(trace: str | None) -> Mapping[str, str]:
    """The field `trace_id` of a log line about a message; none if it is in no trace."""
    context = parse_traceparent(trace)
    return {} if context is None else {"trace_id": context.trace_id}


def exemplar_of(trace: str | None) -> dict[str, str] | None:
    """The labels of an exemplar for a histogram; None if no spans are recorded of the message."""
    context = parse_traceparent(trace) if is_recorded(trace) else None
    return None if context is None else {"trace_id": context.trace_id, "span_id": context.span_id}
