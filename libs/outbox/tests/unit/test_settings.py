"""Settings from the environment; faults name the variable, and no secret."""

import pytest
from angarium_outbox.settings import InvalidSettings, read_settings

GIVEN = {
    "ANGARIUM_OUTBOX_DATABASE_URL": "postgresql://user:pass@db/app",
    "ANGARIUM_OUTBOX_API_URL": "https://webhooks.example.com",
    "ANGARIUM_OUTBOX_API_KEY": "secret-key",
    "PATH": "/bin",
}


def test_numbers_are_read_and_an_asynchronous_driver_is_chosen() -> None:
    read = read_settings(
        GIVEN | {"ANGARIUM_OUTBOX_POLL_S": "0.5", "ANGARIUM_OUTBOX_SENDERS": "4"}, for_relay=True
    )

    assert read.database_url == "postgresql+asyncpg://user:pass@db/app"
    assert read.relay is not None
    assert (read.relay.poll_s, read.relay.senders, read.relay.batch_events_max) == (0.5, 4, 200)
    assert "secret-key" not in repr(read)
    assert "pass" not in repr(read)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mysql://u@h/d", "mysql+aiomysql://u@h/d"),
        ("mariadb://u@h/d", "mariadb+aiomysql://u@h/d"),
        ("sqlite:///a.db", "sqlite+aiosqlite:///a.db"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
    ],
)
def test_urls_of_the_engines(url: str, expected: str) -> None:
    read = read_settings({"ANGARIUM_OUTBOX_DATABASE_URL": url}, for_relay=False)

    assert (read.database_url, read.relay) == (expected, None)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"ANGARIUM_OUTBOX_API_KEY": ""}, "ANGARIUM_OUTBOX_API_KEY is not set"),
        ({"ANGARIUM_OUTBOX_API_URL": "webhooks"}, "ANGARIUM_OUTBOX_API_URL is not a URL"),
        ({"ANGARIUM_OUTBOX_LEASE_S": "long"}, "ANGARIUM_OUTBOX_LEASE_S must be a number"),
        ({"ANGARIUM_OUTBOX_LEASE_S": "0"}, "ANGARIUM_OUTBOX_LEASE_S must be from 1 to 600"),
        ({"ANGARIUM_OUTBOX_LEASE_S": "nan"}, "ANGARIUM_OUTBOX_LEASE_S must be from 1 to 600"),
        ({"ANGARIUM_OUTBOX_POL_S": "1"}, "did you mean ANGARIUM_OUTBOX_POLL_S"),
        ({"ANGARIUM_OUTBOX_METRICS_PORT": "x"}, "ANGARIUM_OUTBOX_METRICS_PORT must be a number"),
        ({"ANGARIUM_OUTBOX_API_KEY": "secret-key é"}, "ANGARIUM_OUTBOX_API_KEY must be"),
    ],
)
def test_faults_name_the_variable_and_no_secret(changed: dict[str, str], text: str) -> None:
    with pytest.raises(InvalidSettings) as raised:
        read_settings(GIVEN | changed, for_relay=True)

    assert text in str(raised.value)
    assert "secret-key" not in str(raised.value)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(InvalidSettings) as raised:
        read_settings({"ANGARIUM_OUTBOX_SENDERS": "x"}, for_relay=True)

    for name in ("DATABASE_URL", "API_URL", "API_KEY", "SENDERS"):
        assert f"ANGARIUM_OUTBOX_{name}" in str(raised.value)
