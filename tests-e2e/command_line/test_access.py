"""`angarium login` and what it saves; exit statuses; completion."""

import json
from pathlib import Path

import pytest

from ..child_process import ANGARIUM  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252
from .conftest import Run
from .terminal import Terminal


def test_a_login_on_a_terminal_shows_no_key(
    platform: DevPlatform, config: Path, terminal_environment: dict[str, str], run: Run
) -> None:
    with Terminal([ANGARIUM, "login", "--profile", "work"], terminal_environment) as terminal:
        terminal.until("URL of the API:")
        terminal.type(f"{platform.url}/\n")
        terminal.until("API key: ")
        terminal.type(f"{platform.key}\n")
        assert terminal.ended() == 0, terminal.text

    assert platform.key not in terminal.raw
    assert "key of the scope admin" in terminal.text
    assert (config / "profiles.json").stat().st_mode & 0o777 == 0o600
    listed = run("profiles", "--output", "json")
    assert json.loads(listed.out) == [{"name": "work", "url": platform.url, "app": None}]
    assert platform.key not in listed.out
    assert json.loads(run("whoami", "--profile", "work", "-o", "json").out)["scope"] == "admin"
    assert run("logout", "--profile", "work").status == 0
    assert run("whoami", "--profile", "work").status == 5


def test_a_wrong_key_is_not_saved(platform: DevPlatform, config: Path, run: Run) -> None:
    done = run("login", "--url", platform.url, given=b"ang_wrong-key-of-a-test\n")

    assert done.status == 5
    assert "ang_wrong" not in done.out + done.err
    assert not (config / "profiles.json").exists()


def test_the_key_of_an_application_makes_it_the_default(
    platform: DevPlatform, logged_in: Run, acme: str
) -> None:
    access = {"authorization": f"Bearer {platform.key}"}
    with platform.client() as api:
        new = {"name": "tests", "scope": "application", "appId": acme}
        token = api.post("/api-key", json=new, headers=access).json()["token"]
    done = logged_in("login", "--url", platform.url, "--profile", "one", given=token.encode())
    assert done.status == 0, done.err

    created = logged_in("endpoints", "create", "https://example.com/hook", "--profile", "one")

    assert created.status == 0, created.err
    listed = json.loads(logged_in("endpoints", "list", "--app", acme, "-o", "json").out)
    assert [each["url"] for each in listed] == ["https://example.com/hook"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["apps", "show", "no-such-app"], 4),
        (["apps", "create", "Name", "--uid", "not a uid"], 1),
        (["apps", "list", "--limit", "0"], 2),
        (["apps", "create", "Name", "--set", "uid=unquoted"], 2),
        (["apps", "delete", "acme"], 2),
        (["endpoints", "list"], 2),
        (["apps", "list", "--profile", "nobody"], 5),
    ],
)
def test_what_fails_is_one_line_and_a_status_of_its_own(
    logged_in: Run, arguments: list[str], status: int
) -> None:
    done = logged_in(*arguments)

    assert (done.status, done.out) == (status, ""), done
    assert done.err.startswith("angarium: ")
    assert done.err.count("\n") == 1


def test_a_platform_that_is_not_there_is_unreachable(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANGARIUM_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ANGARIUM_TOKEN", "ang_some-key-of-a-test")

    done = run("apps", "list")

    assert done.status == 3
    assert "http://127.0.0.1:9" in done.err
    assert "ang_some" not in done.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_answered(
    run: Run, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    script = run("completion", shell)
    assert script.status == 0
    assert "_ANGARIUM_COMPLETE" in script.out
    for name, value in {
        "_ANGARIUM_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "angarium event-ty",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "angarium event-ty",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }.items():
        monkeypatch.setenv(name, value)

    assert "event-types" in run().out
