"""The exporters against a collector, over both protocols and through the operator's settings."""

from typing import NamedTuple

import pytest
from angarium_chassis.tracing.settings import TracingSettings
from angarium_chassis.tracing.spans import Kind
from angarium_chassis.tracing.trace_text import recorded
from angarium_chassis.tracing.tracing import open_tracing

from .otlp_receiver import OtlpReceiver


class Message(NamedTuple):
    id: bytes
    trace: str | None


@pytest.mark.parametrize(
    ("protocol", "suffix"), [("http", ""), ("http", "/"), ("http", "/v1/traces"), ("grpc", "")]
)
async def test_spans_arrive_over_each_protocol(
    monkeypatch: pytest.MonkeyPatch, protocol: str, suffix: str
) -> None:
    with OtlpReceiver() as collector:
        url = collector.http_url if protocol == "http" else collector.grpc_url
        for name, value in {
            "DATABASE_URL": "sqlite:///none.db",
            "ENCRYPTION_KEY": "none",
            "TRACE_ENDPOINT": url + suffix,
            "TRACE_PROTOCOL": protocol,
            "TRACE_HEADERS": "Authorization=Bearer%20abc",
        }.items():
            monkeypatch.setenv(f"ANGARIUM_{name}", value)
        settings = TracingSettings.load("gateway")
        async with open_tracing(settings, service="x", version="1", replica="r") as spans:
            assert spans is not None
            message = Message(bytes(16), recorded("a" * 32, "b" * 16))
            spans.record("work", Kind.INTERNAL, message, 1, 2, {"number": 3})

        (span,) = collector.collected().spans
        assert (span.service, span.name, span.trace_id) == ("angarium-x", "work", "a" * 32)
        assert (span.parent_id, span.attributes["number"]) == ("b" * 16, 3)
        (headers,) = collector.collected().headers
        assert headers["authorization"] == "Bearer abc"
