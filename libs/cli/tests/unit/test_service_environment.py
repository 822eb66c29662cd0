"""The environment of the services under `angarium dev`."""

from pathlib import Path

from angarium_cli.dev.environment import (
    DEMO_RETRY_SCHEDULE,
    Addresses,
    demo_retry_schedule,
    service_environment,
)

ADDRESSES = Addresses(
    host="127.0.0.1",
    port=8080,
    redis_url="redis://127.0.0.1:7000/0",
    database_urls={"gateway": "sqlite:///g", "dispatcher": "sqlite:///d", "worker": "sqlite:///w"},
    internal_ports={"gateway": 9001, "dispatcher": 9002, "worker": 9003},
)


def environment(
    inherited: dict[str, str],
    *,
    demo: bool = False,
    key_path: Path = Path("/data/encryption-key"),
) -> dict[str, str]:
    return service_environment(
        "worker",
        inherited,
        ADDRESSES,
        encryption_key_path=key_path,
        log_format="json",
        demo=demo,
    )


def test_each_service_gets_its_own_database_and_port() -> None:
    told = environment({})

    assert told["ANGARIUM_DATABASE_URL"] == "sqlite:///w"
    assert told["ANGARIUM_INTERNAL_PORT"] == "9003"
    assert told["ANGARIUM_REDIS_URL"] == "redis://127.0.0.1:7000/0"


def test_receivers_on_this_machine_are_allowed_unless_the_caller_says_otherwise() -> None:
    assert environment({})["ANGARIUM_EGRESS_ALLOWED_NETWORKS"] == "127.0.0.0/8,::1/128"
    assert environment({})["ANGARIUM_ALLOW_HTTP_ENDPOINTS"] == "true"

    stricter = environment({"ANGARIUM_EGRESS_ALLOWED_NETWORKS": "10.0.0.0/8"})

    assert stricter["ANGARIUM_EGRESS_ALLOWED_NETWORKS"] == "10.0.0.0/8"


def test_addresses_and_secrets_of_another_installation_do_not_leak_in() -> None:
    told = environment(
        {
            "ANGARIUM_WORKER_DATABASE_URL": "postgresql://production",
            "ANGARIUM_DATABASE_URL_FILE": "/run/secrets/url",
            "ANGARIUM_REDIS_URL": "redis://production",
            "ANGARIUM_ENCRYPTION_KEY": "production's",
            "ANGARIUM_ENCRYPTION_KEY_FALLBACKS": "production's,production's",
            "PATH": "/bin",
        }
    )

    assert not [value for value in told.values() if "production" in value]
    assert "ANGARIUM_DATABASE_URL_FILE" not in told
    assert told["ANGARIUM_ENCRYPTION_KEY_FILE"] == "/data/encryption-key"
    assert told["PATH"] == "/bin"


def test_fallback_keys_are_read_from_the_data_folder(tmp_path: Path) -> None:
    fallbacks = tmp_path / "encryption-key-fallbacks"
    variable = "ANGARIUM_ENCRYPTION_KEY_FALLBACKS_FILE"

    assert variable not in environment({}, key_path=tmp_path / "encryption-key")
    fallbacks.write_text("a key")

    assert environment({}, key_path=tmp_path / "encryption-key")[variable] == str(fallbacks)


def test_the_demo_shortens_the_retry_schedule_unless_the_caller_set_one() -> None:
    own = {"ANGARIUM_RETRY_SCHEDULE": "3s"}

    assert "ANGARIUM_RETRY_SCHEDULE" not in environment({})
    assert environment({}, demo=True)["ANGARIUM_RETRY_SCHEDULE"] == DEMO_RETRY_SCHEDULE
    assert environment(own, demo=True)["ANGARIUM_RETRY_SCHEDULE"] == "3s"
    assert demo_retry_schedule({}) == DEMO_RETRY_SCHEDULE
    assert demo_retry_schedule(own) == "3s"


def test_no_secret_is_in_the_repr_of_the_addresses() -> None:
    assert "sqlite" not in repr(ADDRESSES)
