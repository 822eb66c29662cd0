"""A collector of a test: takes OTLP over HTTP and gRPC, and keeps the spans."""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

WAIT_S = 60.0
"""Only a failure waits so long."""


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """A span, with its ids in hexadecimal. `links` are pairs of a trace id and a span id."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    trace_state: str
    began_ns: int
    ended_ns: int
    failed: bool
    attributes: Mapping[str, Any]
    links: tuple[tuple[str, str], ...]


@dataclass
class Collected:
    """What arrived so far."""

    spans: list[ReceivedSpan] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


class OtlpReceiver:
    """Listens on `http_url` and `grpc_url` while entered. While `broken` it answers nothing."""

    def __init__(self) -> None:
        self.broken = False
        self._collected = Collected()
        self._arrived = threading.Condition()

    def __enter__(self) -> Self:
        handler = type("Handler", (_HttpHandler,), {"receiver": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()
        self._grpc = grpc.server(ThreadPoolExecutor(2))
        add_TraceServiceServicer_to_server(  # type: ignore[no-untyped-call]
            _GrpcService(self), self._grpc
        )
        port = self._grpc.add_insecure_port("127.0.0.1:0")
        self._grpc.start()
        self.http_url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.grpc_url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self._grpc.stop(None).wait()

    def take(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Keep one request."""
        request = ExportTraceServiceRequest.FromString(body)
        with self._arrived:
            self._collected.spans.extend(_spans(request))
            self._collected.bodies.append(body)
            self._collected.headers.append({k.lower(): v for k, v in headers.items()})
            self._arrived.notify_all()

    def collected(self) -> Collected:
        """What arrived so far."""
        with self._arrived:
            own = self._collected
            return Collected(list(own.spans), list(own.bodies), list(own.headers))

    def wait_for(
        self, what: str, holds: Callable[[list[ReceivedSpan]], bool]
    ) -> list[ReceivedSpan]:
        """All spans, once this holds of them."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: holds(self._collected.spans), WAIT_S):
                names = [(span.service, span.name) for span in self._collected.spans]
                raise AssertionError(f"{what} did not arrive; {names[-40:]}")
            return list(self._collected.spans)


class _HttpHandler(BaseHTTPRequestHandler):
    receiver: OtlpReceiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.receiver.broken or self.path != "/v1/traces":
            self.close_connection = True
            return
        self.receiver.take(body, dict(self.headers.items()))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        pass


class _GrpcService(TraceServiceServicer):
    def __init__(self, receiver: OtlpReceiver) -> None:
        self._receiver = receiver

    def Export(  # noqa: N802 - the protocol's name
        self, request: ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> ExportTraceServiceResponse:
        metadata = {item.key: str(item.value) for item in context.invocation_metadata()}
        self._receiver.take(request.SerializeToString(), metadata)
        return ExportTraceServiceResponse()


def _spans(request: ExportTraceServiceRequest) -> Iterable[ReceivedSpan]:
    for group in request.resource_spans:
        service = str(_attributes(group.resource.attributes)["service.name"])
        for scope in group.scope_spans:
            for span in scope.spans:
                yield ReceivedSpan(
                    service,
                    span.name,
                    Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.trace_state,
                    span.start_time_unix_nano,
                    span.end_time_unix_nano,
                    span.status.code == Status.STATUS_CODE_ERROR,
                    _attributes(span.attributes),
                    tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
                )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in pairs}
