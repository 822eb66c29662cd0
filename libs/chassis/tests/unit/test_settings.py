from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from angarium_chassis.settings import ServiceSettings, SettingsRefused
from pydantic import Field, SecretStr


class CourierSettings(ServiceSettings):
    """The settings of a service that exists in these tests only."""

    needs: ClassVar[Mapping[str, str]] = {"tour_secret": "tour"}
    at_most: ClassVar[Mapping[str, str]] = {"parcels_max": "boxes_max"}

    retry_schedule_s: tuple[float, ...] = Field(default=(5.0,), description="Waits.")
    tour: str | None = Field(default=None, description="A tour.")
    tour_secret: SecretStr | None = Field(default=None, description="Its secret.")
    boxes_max: int = Field(default=10, description="Boxes.")
    parcels_max: int = Field(default=5, description="Parcels in boxes.")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", "sqlite:///shared.db")
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY", "a-key")


def load() -> CourierSettings:
    return CourierSettings.load("courier")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_INTERNAL_PORT", "0")
    monkeypatch.setenv("ANGARIUM_RETRY_SCHEDULE_S", "[1, 2.5]")

    settings = load()

    assert settings.internal_port == 0
    assert settings.retry_schedule_s == (1.0, 2.5)
    assert settings.database_url.get_secret_value() == "sqlite:///shared.db"


def test_the_service_s_own_database_url_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_COURIER_DATABASE_URL", "sqlite:///own.db")
    monkeypatch.setenv("ANGARIUM_GATEWAY_DATABASE_URL", "sqlite:///other.db")

    assert load().database_url.get_secret_value() == "sqlite:///own.db"


def test_the_service_s_own_database_url_may_stand_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "url").write_text("sqlite:///own.db\n")
    monkeypatch.setenv("ANGARIUM_COURIER_DATABASE_URL_FILE", str(tmp_path / "url"))

    assert load().database_url.get_secret_value() == "sqlite:///own.db"


def test_a_secret_is_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("key-of-the-file\n")
    monkeypatch.delenv("ANGARIUM_ENCRYPTION_KEY")
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY_FILE", str(tmp_path / "key"))

    assert load().encryption_key.get_secret_value() == "key-of-the-file"


def test_a_setting_and_its_file_must_not_differ(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("a-key\n")
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY_FILE", str(tmp_path / "key"))
    assert load().encryption_key.get_secret_value() == "a-key"

    (tmp_path / "key").write_text("another-key")
    with pytest.raises(SettingsRefused, match="ANGARIUM_ENCRYPTION_KEY_FILE give different") as no:
        load()
    assert "another-key" not in str(no.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ANGARIUM_INTERNAL_PORT", "65536"),
        ("ANGARIUM_INTERNAL_PORT", "http"),
        ("ANGARIUM_LOG_FORMAT", "xml"),
        ("ANGARIUM_LOG_LEVEL", "loud"),
        ("ANGARIUM_STREAM_COUNT", "0"),
        ("ANGARIUM_ENTRY_LEASE_S", "0"),
        ("ANGARIUM_DATABASE_CONNECTIONS_MAX", "1"),
        ("ANGARIUM_RETRY_SCHEDULE_S", "[soon"),
        ("ANGARIUM_RETRY_SCHEDULE_S", '["soon"]'),
        ("ANGARIUM_ENCRYPTION_KEY_FILE", "/nowhere/key"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsRefused, match=variable):
        load()


@pytest.mark.parametrize("variable", ["ANGARIUM_DATABASE_URL", "ANGARIUM_ENCRYPTION_KEY"])
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.delenv(variable)

    with pytest.raises(SettingsRefused, match=f"{variable} is not set"):
        load()


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("ANGARIUM_EGRES_DENIED_NETWORKS", "ANGARIUM_EGRESS_DENIED_NETWORKS"),
        ("ANGARIUM_STREAM_COUNTS", "ANGARIUM_STREAM_COUNT"),
        ("ANGARIUM_GATEWAY_DATABSE_URL", "ANGARIUM_GATEWAY_DATABASE_URL"),
        ("ANGARIUM_ENCRYPTION_KEY_FIEL", "ANGARIUM_ENCRYPTION_KEY_FILE"),
        ("angarium_retry_scheduled_s", "ANGARIUM_RETRY_SCHEDULE_S"),
        ("ANGARIM_EGRESS_DENIED_NETWORKS", "ANGARIUM_EGRESS_DENIED_NETWORKS"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, nearest: str
) -> None:
    monkeypatch.setenv(variable, "hunter2")

    with pytest.raises(SettingsRefused) as refused:
        load()

    assert str(refused.value) == f"{variable} is not a setting; did you mean {nearest}?"


def test_an_unknown_setting_that_resembles_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_XYZZY", "1")

    with pytest.raises(SettingsRefused, match="ANGARIUM_XYZZY is not a setting; remove it"):
        load()


def test_one_environment_may_serve_all_services_and_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (
        "ANGARIUM_WORKER_DATABASE_URL",
        "ANGARIUM_GATEWAY_DATABASE_URL_FILE",
        "ANGARIUM_EGRESS_DENIED_NETWORKS",
        "ANGARIUM_WINDOW_BYTES",
        "ANGARIUM_PUBLISH",
        "OTHER_PORT",
    ):
        monkeypatch.setenv(variable, "1")

    load()


def test_what_kubernetes_adds_for_a_service_of_that_name_is_no_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable, value in (
        ("ANGARIUM_GATEWAY_SERVICE_HOST", "10.0.0.1"),
        ("ANGARIUM_GATEWAY_SERVICE_PORT", "8080"),
        ("ANGARIUM_GATEWAY_SERVICE_PORT_HTTP", "8080"),
        ("ANGARIUM_GATEWAY_PORT", "tcp://10.0.0.1:8080"),
        ("ANGARIUM_GATEWAY_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("ANGARIUM_GATEWAY_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ):
        monkeypatch.setenv(variable, value)
    load()

    monkeypatch.setenv("ANGARIUM_GATEWAY_PORT", "8080")
    with pytest.raises(SettingsRefused, match="ANGARIUM_GATEWAY_PORT is not a setting"):
        load()


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("ANGARIUM_INTERNAL_PORT", "65536", "must be at most 65535"),
        ("ANGARIUM_INTERNAL_PORT", "http", "must be a whole number"),
        ("ANGARIUM_LOG_LEVEL", "loud", "must be 'debug', 'info', 'warning' or 'error'"),
        ("ANGARIUM_STREAM_COUNT", "0", "must be at least 1"),
        ("ANGARIUM_ENTRY_LEASE_S", "1m", "must be a number"),
        ("ANGARIUM_PROFILING", "maybe", "must be true or false"),
    ],
)
def test_a_wrong_setting_says_what_it_must_be(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsRefused) as refused:
        load()
    assert str(refused.value) == f"{variable} {sentence}"


def test_several_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_STREAM_COUNT", "none")
    monkeypatch.setenv("ANGARIUM_LOG_LEVEL", "loud")

    with pytest.raises(SettingsRefused) as refused:
        load()

    assert len(str(refused.value).splitlines()) == 2


def test_secrets_are_not_shown() -> None:
    assert "a-key" not in repr(load())
    assert "shared.db" not in str(load())


def test_every_setting_is_described() -> None:
    assert all(field.description for field in CourierSettings.model_fields.values())


def test_changed_settings_are_told_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_STREAM_COUNT", "2")
    monkeypatch.setenv("ANGARIUM_INTERNAL_PORT", "9090")
    monkeypatch.setenv("ANGARIUM_REDIS_URL", "redis://user:hunter2@redis:6379/0")

    assert load().changed() == {"ANGARIUM_STREAM_COUNT": "2"}


def test_levels_that_cannot_be_read_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_LOG_LEVELS", "attempt=loud")

    with pytest.raises(SettingsRefused, match=r"ANGARIUM_LOG_LEVELS: .*attempt=debug"):
        load()


def test_contradictions_are_named_at_once_without_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_TOUR_SECRET", "hunter2")
    monkeypatch.setenv("ANGARIUM_PARCELS_MAX", "3")
    monkeypatch.setenv("ANGARIUM_BOXES_MAX", "2")

    with pytest.raises(SettingsRefused) as refused:
        load()
    assert str(refused.value).splitlines() == [
        "ANGARIUM_TOUR_SECRET has no effect without ANGARIUM_TOUR; set that too, or unset it",
        "ANGARIUM_PARCELS_MAX must not be larger than ANGARIUM_BOXES_MAX",
    ]

    monkeypatch.setenv("ANGARIUM_TOUR", "north")
    monkeypatch.setenv("ANGARIUM_BOXES_MAX", "3")
    load()


def test_a_default_contradicts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_BOXES_MAX", "2")

    assert load().parcels_max == 5
