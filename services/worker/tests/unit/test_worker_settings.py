"""The worker's settings refuse what cannot work, and say how to write it."""

import pytest
from angarium_chassis.settings import SettingsRefused
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
    assert settings.allowed_networks == ()


def test_lists_are_separated_by_commas(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ANGARIUM_RETRY_SCHEDULE", "1s, 2m")
    environment.setenv("ANGARIUM_EGRESS_ALLOWED_NETWORKS", "127.0.0.0/8, ::1/128,")
    settings = Settings.load("worker")
    assert settings.schedule.delays_s == (1, 120)
    assert settings.allowed_networks == ("127.0.0.0/8", "::1/128")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("RETRY_SCHEDULE", "5s;5m", "such as 5s,5m,2h"),
        ("RETRY_SCHEDULE", "0s", "longer than 0"),
        ("RETRY_JITTER", "2", "less than or equal to 0.5"),
        ("ATTEMPT_TIMEOUT_S", "31", "less than or equal to 30"),
        ("RETRY_LEASE_S", "16", "5 s longer than an attempt"),
        ("EGRESS_ALLOWED_NETWORKS", "10.0.0.0/33", "10.0.0.0/33"),
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
