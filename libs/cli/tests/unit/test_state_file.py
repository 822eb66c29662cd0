"""dev.json: whole or absent, private, and without secrets where it is shown."""

import json
from pathlib import Path

import pytest
from angarium_cli.dev.data_folder import DevState, write_private

STATE = DevState(
    api_url="http://127.0.0.1:8080",
    api_key="ang_example-token",
    redis_url="redis://127.0.0.1:6379/0",
    database_urls={"gateway": "postgresql+asyncpg://postgres:word@127.0.0.1/angarium_gateway"},
    internal_urls={"gateway": "http://127.0.0.1:9090"},
    pids={"gateway": 1, "dev": 2},
)


def test_it_holds_what_runs_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"

    STATE.write(path)

    assert json.loads(path.read_text()) == {
        "api_url": "http://127.0.0.1:8080",
        "api_key": "ang_example-token",
        "redis_url": "redis://127.0.0.1:6379/0",
        "database_urls": {
            "gateway": "postgresql+asyncpg://postgres:word@127.0.0.1/angarium_gateway"
        },
        "internal_urls": {"gateway": "http://127.0.0.1:9090"},
        "pids": {"gateway": 1, "dev": 2},
    }
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_text("an old one, readable by all")
    path.chmod(0o644)
    with path.open() as reader:
        STATE.write(path)

        assert reader.read() == "an old one, readable by all"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["dev.json"]


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_private(tmp_path / "file", "\ud800")

    assert list(tmp_path.iterdir()) == []


def test_its_repr_shows_no_secret() -> None:
    assert "token" not in repr(STATE)
    assert "word" not in repr(STATE)
