"""Which requests that post messages are traced: decided here, once for all services."""

import random
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from angarium_chassis.tracing.spans import MESSAGE_ID, OpenSpan, Spans
from angarium_chassis.tracing.trace_state import parse_tracestate
from angarium_chassis.tracing.trace_text import parse_traceparent, passed_on
from angarium_contracts.ids import APPLICATION, MESSAGE, format_id

from angarium_gateway.domain.messages import NewMessage

from .problems import Refused

ACCEPT: Final = "accept"
STATUS: Final = "http.response.status_code"
_UNAUTHORIZED: Final = 401
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class TraceSampling:
    """`ratio` of all requests are traced. Chance decides and not the trace id, which clients
    choose: a tenant could otherwise have all its messages traced. With `trust_clients`, a request
    with a valid `traceparent` is traced if that says that its trace is sampled, and not otherwise.
    """

    ratio: float = 0.0
    trust_clients: bool = False


class RequestTraces:
    """Begins the spans of requests. Without `spans`, no request is traced."""

    def __init__(
        self,
        spans: Spans | None = None,
        sampling: TraceSampling = TraceSampling(),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._spans = spans
        self._sampling = sampling
        self._chance = chance

    def begin(self, traceparent: str | None, tracestate: str | None) -> OpenSpan | None:
        """The span of a request with these headers; None if it is not traced."""
        spans = self._spans
        if spans is None:
            return None
        client = None
        if self._sampling.trust_clients:
            client = parse_traceparent(traceparent)
            if client is not None and not client.sampled:
                return None
        if client is None:
            if self._chance() >= self._sampling.ratio:
                return None
            client = parse_traceparent(traceparent)
        states = [] if client is None else parse_tracestate(tracestate)
        return spans.begin_request(ACCEPT, client, states)

    async def run[T](
        self,
        traceparent: str | None,
        tracestate: str | None,
        work: Callable[[str | None], Awaitable[T]],
    ) -> T:
        """Answer a request by `work`, which gets the trace of its messages."""
        span = self.begin(traceparent, tracestate)
        if span is None:
            return await work(passed_on(traceparent))
        with ended(span):
            return await work(span.trace)


UNTRACED: Final = RequestTraces()


@contextmanager
def ended(span: OpenSpan) -> Generator[None]:
    """End the span of a request with the status of a refusal or the name of an error, if any.

    The span of a request without a valid login is not exported: nobody but tenants can have spans
    recorded.
    """
    try:
        yield
    except Refused as refused:
        status = refused.answer.status
        if status == _UNAUTHORIZED:
            raise
        span.set({STATUS: status})
        if status >= _SERVER_ERROR:
            span.failed(str(status))
        span.end()
        raise
    except BaseException as error:
        span.failed(type(error).__qualname__)
        span.end()
        raise
    span.end()


def describe(span: OpenSpan, message: NewMessage, status: int) -> None:
    """Add what became of the request for one message."""
    span.set(
        {
            MESSAGE_ID: format_id(MESSAGE, message.id),
            "angarium.application.id": format_id(APPLICATION, message.application_id),
            STATUS: status,
        }
    )
