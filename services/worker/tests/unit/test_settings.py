"""The worker's settings refuse what cannot work, and say how to write it."""

import pytest
from angarium_chassis.settings import SettingsRefused
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_worker.settings import Settings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with what is required."""
    monkeypatch.setenv("ANGARIUM_WORKER_DATABASE_URL", "sqlite+aiosqlite:///w.db")
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY", "a2V5")
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_the_defaults_are_the_documented_ones() -> None:
    settings = Settings.load("worker")
    assert settings.schedule.delays_s[:2] == (5, 300)
    assert (len(settings.schedule.delays_s), settings.schedule.jitter) == (9, 0.2)
    assert (settings.attempt_timeout_s, settings.retry_lease_s) == (15, 40)
    assert settings.egress_rules == EgressRules()
    assert (settings.egress_proxy, settings.extra_ca_file) == (None, None)


def test_lists_are_separated_by_commas(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ANGARIUM_RETRY_SCHEDULE", "1s, 2m")
    environment.setenv("ANGARIUM_EGRESS_ALLOWED_NETWORKS", "127.0.0.0/8, ::1/128,")
    settings = Settings.load("worker")
    assert settings.schedule.delays_s == (1, 120)
    assert settings.egress_rules == EgressRules.parse(["127.0.0.0/8", "::1/128"])


def test_the_egress_lists_become_rules(environment: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ALLOWED_NETWORKS": "10.0.0.0/8",
        "DENIED_NETWORKS": "10.1.0.0/16, 8.8.8.8/32",
        "ALLOWED_HOSTS": "*.example.com",
        "DENIED_HOSTS": "bad.example.com",
        "ALLOWED_PORTS": "443, 8000-8999",
        "DENIED_PORTS": "8443",
    }.items():
        environment.setenv(f"ANGARIUM_EGRESS_{name}", value)
    rules = Settings.load("worker").egress_rules
    assert (rules.refusal("10.2.0.1"), rules.destination_refusal("a.example.com", 443)) == (
        None,
        None,
    )
    for address in ("10.1.0.1", "8.8.8.8"):
        assert rules.refusal(address) is not None
    for host, port in (("a.com", 443), ("bad.example.com", 443), ("a.example.com", 8443)):
        assert rules.destination_refusal(host, port) is not None


def test_the_operators_proxy_is_read_and_its_password_never_shown(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("ANGARIUM_EGRESS_PROXY_URL", "socks5://us%65r:hunter2@10.0.0.9")
    settings = Settings.load("worker")
    proxy = settings.egress_proxy
    assert proxy is not None
    assert (proxy.scheme, proxy.host, proxy.port, proxy.user) == (
        "socks5",
        "10.0.0.9",
        1080,
        b"user",
    )
    assert proxy.is_operators
    assert "hunter2" not in f"{settings!r} {proxy!r} {proxy.key}"


def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("ANGARIUM_EGRESS_PROXY_URL", "https://user:hunter2@proxy.example")
    with pytest.raises(SettingsRefused) as refused:
        Settings.load("worker")
    assert "ANGARIUM_EGRESS_PROXY_URL" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("RETRY_SCHEDULE", "5s;5m", "such as 5s,5m,2h"),
        ("RETRY_SCHEDULE", "0s", "longer than 0"),
        ("RETRY_JITTER", "2", "must be at most 0.5"),
        ("ATTEMPT_TIMEOUT_S", "31", "must be at most 30"),
        ("RETRY_LEASE_S", "16", "5 s longer than an attempt"),
        ("EGRESS_ALLOWED_NETWORKS", "10.0.0.0/33", "10.0.0.0/33"),
        ("EGRESS_DENIED_NETWORKS", "nonsense", "nonsense"),
        ("EGRESS_ALLOWED_HOSTS", "https://example.com", "no host pattern"),
        ("EGRESS_DENIED_HOSTS", "a.*.com", "no host pattern"),
        ("EGRESS_ALLOWED_PORTS", "0", "no port"),
        ("EGRESS_DENIED_PORTS", "9-8", "no port"),
    ],
)
def test_what_cannot_work_is_refused_by_name(
    environment: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    environment.setenv(f"ANGARIUM_{name}", value)
    with pytest.raises(SettingsRefused) as refused:
        Settings.load("worker")
    assert f"ANGARIUM_{name}" in str(refused.value)
    assert told in str(refused.value)
