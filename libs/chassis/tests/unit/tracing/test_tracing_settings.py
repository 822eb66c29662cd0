"""Settings of the export of traces."""

import pytest
from angarium_chassis.settings import SettingsRefused
from angarium_chassis.tracing.settings import TracingSettings
from angarium_chassis.tracing.tracing import open_tracing


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", "sqlite:///shared.db")
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY", "a-key")


def load(monkeypatch: pytest.MonkeyPatch, **settings: str) -> TracingSettings:
    for name, value in settings.items():
        monkeypatch.setenv(f"ANGARIUM_TRACE_{name.upper()}", value)
    return TracingSettings.load("gateway")


async def test_tracing_is_off_without_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    async with open_tracing(settings, service="x", version="1", replica="r") as spans:
        assert spans is None


def test_headers_are_read_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = "Authorization=Bearer%20c%2Cd, x-scope = a=b"
    settings = load(monkeypatch, endpoint="http://collector:4318", headers=headers)
    assert settings.trace_header_fields == {"authorization": "Bearer c,d", "x-scope": "a=b"}
    assert "Bearer" not in repr(settings)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"endpoint": "collector:4317"}, "TRACE_ENDPOINT"),
        ({"endpoint": "http://user:canary@collector:4318"}, "TRACE_ENDPOINT"),
        ({"endpoint": "http://collector:4318/v1/traces?key=canary"}, "TRACE_ENDPOINT"),
        ({"endpoint": "http://collector/path", "protocol": "grpc"}, "TRACE_ENDPOINT"),
        ({"protocol": "udp"}, "TRACE_PROTOCOL"),
        ({"endpoint": "http://c:4318", "headers": "canary"}, "TRACE_HEADERS"),
        ({"endpoint": "http://c:4318", "headers": "a b=canary"}, "TRACE_HEADERS"),
        ({"endpoint": "http://c:4318", "headers": "a=canary%0d%0ab"}, "TRACE_HEADERS"),
        ({"queue_max": "1"}, "TRACE_QUEUE_MAX"),
    ],
)
def test_what_cannot_be_used_is_refused_without_its_value(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingsRefused, match=named) as refusal:
        load(monkeypatch, **settings)
    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize("endpoint", ["http://collector:4317", "http://collector:4317/"])
def test_over_grpc_an_endpoint_has_no_path(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    assert load(monkeypatch, endpoint=endpoint, protocol="grpc").trace_path == ""
