"""`angarium listen` in a real terminal, with a real platform and a real program."""

import json

import pytest
from standardwebhooks import Webhook

from ..child_process import ANGARIUM  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .conftest import Run
from .terminal import Terminal

BODY = '{"amount":  5.00 }'


@pytest.fixture
def others(logged_in: Run, acme: str, receiver: WebhookReceiver) -> str:
    """The path of another endpoint of the application."""
    made = logged_in("endpoints", "create", f"{receiver.url}/ok/others", "--app", acme)
    assert made.status == 0, made.err
    return "/ok/others"


def test_a_program_on_this_machine_misses_nothing(
    platform: DevPlatform,
    logged_in: Run,
    acme: str,
    others: str,
    receiver: WebhookReceiver,
    terminal_environment: dict[str, str],
) -> None:
    run = logged_in
    listen = [
        ANGARIUM,
        "listen",
        receiver.url,
        "--app",
        acme,
        "--path",
        "/ok/local",
        "--types",
        "a",
    ]

    def sent(event_type: str = "a") -> str:
        with platform.client() as api:
            raw = {"rawPayload": BODY}
            message = {"eventType": event_type, "payload": {}, "transformationsParams": raw}
            return str(api.post(f"/app/{acme}/msg", json=message).json()["id"])

    with Terminal(listen, terminal_environment) as terminal:
        terminal.until("q quits.")
        first = sent()
        terminal.until(f"{first}  200")
        terminal.type("r")
        terminal.until(f"{first}  200", times=2)
        terminal.type("d")
        terminal.until("Response 200")
        assert '"amount": 5.0' in terminal.text
        terminal.type("q")
        assert terminal.ended() == 0
    sent("not-listened-to")
    meanwhile = [sent(), sent()]
    with Terminal(listen, terminal_environment) as terminal:
        for message in meanwhile:
            terminal.until(f"{message}  200")
        assert first not in terminal.text
        terminal.type("q")
        assert terminal.ended() == 0

    receiver.wait_for_ids({first, *meanwhile}, path="/ok/local")
    local = {each["id"]: each for each in receiver.entries("/ok/local")}
    assert local.keys() == {first, *meanwhile}
    assert [local[each]["times"] for each in (first, *meanwhile)] == [2, 1, 1]
    # The key r gave the message to the program alone.
    assert {each["times"] for each in receiver.entries(others)} == {1}
    secret = run("listen", "--print-secret").out.strip()
    for entry in local.values():
        assert entry["body"] == BODY
        names = {
            "webhook-id": "id",
            "webhook-timestamp": "timestamp",
            "webhook-signature": "signature",
        }
        Webhook(secret).verify(BODY, {name: entry[key] for name, key in names.items()})
    assert run("listen", "--forget", "--app", acme).status == 0
    left = json.loads(run("endpoints", "list", "--app", acme, "-o", "json").out)
    assert [each["url"] for each in left] == [f"{receiver.url}{others}"]


def test_a_new_login_is_found_while_it_listens(
    platform: DevPlatform,
    logged_in: Run,
    acme: str,
    receiver: WebhookReceiver,
    terminal_environment: dict[str, str],
) -> None:
    run = logged_in
    with platform.client() as api:
        new = {"name": "short-lived", "scope": "admin"}
        key = api.post("/api-key", json=new).json()
        login = ("login", "--url", platform.url, "--profile", "mine")
        assert run(*login, given=key["token"].encode()).status == 0
        listen = [ANGARIUM, "listen", receiver.url, "--path", "/ok", "--app", acme]
        with Terminal([*listen, "--profile", "mine"], terminal_environment) as terminal:
            terminal.until("q quits.")
            assert api.delete(f"/api-key/{key['id']}").is_success
            terminal.until("log in again with `angarium login`")
            message = json.loads(run("send", "a", "--app", acme, "-o", "json").out)["id"]
            assert run(*login, given=platform.key.encode()).status == 0
            terminal.until(f"{message}  200")
            terminal.type("\x03")
            assert terminal.ended() == 130
