"""Messages are sent, watched, explained and delivered again from the command line."""

import json
import signal
from typing import Any
from uuid import uuid4

import pytest

from ..child_process import ANGARIUM  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WAIT_S, WebhookReceiver  # noqa: TID252
from .conftest import Run
from .terminal import Terminal


def data(run: Run, *arguments: str, given: bytes = b"") -> Any:
    done = run(*arguments, "--output", "json", given=given)
    assert done.status == 0, done.err
    return json.loads(done.out)


@pytest.fixture
def orders(logged_in: Run, acme: str, receiver: WebhookReceiver) -> str:
    """The application's endpoint at the receiver."""
    made = data(logged_in, "endpoints", "create", f"{receiver.url}/ok", "--app", acme)
    return str(made["id"])


def test_a_message_is_sent_in_every_way(
    logged_in: Run, acme: str, orders: str, receiver: WebhookReceiver
) -> None:
    run = logged_in
    words = data(
        run, "send", "a.b", "amount=5", "customer.name=Ada", "--app", acme, "--channel", "vip",
        "--tag", "one", "--tag", "two", "--event-id", "evt_1",
    )  # fmt: skip
    assert (words["eventId"], words["channels"], words["tags"]) == (
        "evt_1",
        ["vip"],
        ["one", "two"],
    )
    piped = data(run, "send", "a.b", "-", "--app", acme, given=b'{"from": "stdin"}')
    receiver.wait_for_ids({words["id"], piped["id"]})
    bodies = {each["id"]: json.loads(each["body"]) for each in receiver.entries()}
    assert bodies[words["id"]] == {"amount": 5, "customer": {"name": "Ada"}}
    assert bodies[piped["id"]] == {"from": "stdin"}
    later = data(run, "send", "a.b", "--app", acme, "--deliver-at", "10m")
    assert later["deliverAt"] > later["timestamp"]
    assert data(run, "messages", "cancel", later["id"], "--app", acme, "--yes")["done"]
    listed = data(run, "messages", "list", "--app", acme, "--tag", "two", "--after", "1h")
    assert [each["id"] for each in listed] == [words["id"]]
    twice = run("send", "a.b", "--app", acme, "--event-id", "evt_1")
    assert twice.status == 1, twice


def test_an_example_is_triggered(
    logged_in: Run, acme: str, orders: str, receiver: WebhookReceiver
) -> None:
    run, name = logged_in, f"invoice.paid-{uuid4().hex}"
    schema = {"type": "object", "examples": [{"amount": 5, "paid": True}]}
    data(run, "event-types", "create", name, "--set", f"schemas={json.dumps({'1': schema})}")
    sent = data(run, "trigger", name, "amount=7", "--app", acme)
    one = data(run, "trigger", name, "--app", acme, "--endpoint", orders)
    receiver.wait_for_ids({sent["id"], one["id"]})

    bodies = {each["id"]: json.loads(each["body"]) for each in receiver.entries()}
    assert bodies[sent["id"]] == {"amount": 7, "paid": True}
    assert bodies[one["id"]] == {"amount": 5, "paid": True}


def test_a_failure_is_explained_by_the_id_of_its_attempt_alone(logged_in: Run, acme: str) -> None:
    run = logged_in
    endpoint = data(run, "endpoints", "create", "http://127.0.0.1:9/x", "--app", acme)["id"]
    message = data(run, "send", "a", "--app", acme)["id"]
    failed = ("deliveries", "list", "--app", acme, "--status", "failed", "--no-retried")
    found = until(lambda: data(run, *failed), WAIT_S, "the delivery is exhausted")

    assert [(each["msgId"], each["endpointId"]) for each in found] == [(message, endpoint)]
    told = run("explain", found[0]["id"])
    assert told.status == 0, told.err
    assert "Cause:   127.0.0.1 refused the connection." in told.out
    assert (
        data(run, "explain", acme, message, "--attempt", found[0]["id"])[0]["id"] == found[0]["id"]
    )
    assert run("explain", "atmpt_0000000000000000000000").status == 4
    assert run("explain", "no-attempt").status == 2
    shown = data(run, "attempts", "show", message, found[0]["id"], "--app", acme)
    assert shown["explanation"]["code"] == "connection_refused"
    assert data(run, "deliveries", "show", message, "--app", acme)[0]["statusText"] == "fail"
    task = data(run, "recover", endpoint, "--app", acme, "--since", "1h")
    assert (task["status"], task["data"]["resent"]) == ("finished", 1)


def test_messages_are_resent_and_replayed(
    logged_in: Run, acme: str, orders: str, receiver: WebhookReceiver
) -> None:
    run = logged_in
    sent = [data(run, "send", kind, "--app", acme)["id"] for kind in ("a", "a", "b")]
    receiver.wait_for_ids(set(sent))
    assert run("resend", sent[0], orders, "--app", acme).status == 0

    def arrived(times: int) -> bool:
        """Wait until so many requests were answered with success."""
        return bool(
            until(
                lambda: sum(each["accepted_times"] for each in receiver.entries()) == times,
                WAIT_S,
                f"{times} requests are accepted",
            )
        )

    assert arrived(4)
    replay = ("replay", orders, "--app", acme, "--since", "1h", "--event-type", "a")
    assert data(run, *replay, "--dry-run")["messages"] == 2

    done = run(*replay, "--output", "json")

    assert done.status == 0, done.err
    task = json.loads(done.out)
    assert (task["status"], task["data"]["resent"]) == ("finished", 2)
    assert f"Task {task['id']} runs." in done.err
    assert data(run, "tasks", "follow", task["id"])["status"] == "finished"
    assert task["id"] in [each["id"] for each in data(run, "tasks", "list", "--status", "finished")]
    assert (
        data(run, "replay", orders, "--app", acme, "--since", "1h", "--missing")["data"]["resent"]
        == 0
    )
    assert arrived(6)


def test_the_tail_shows_what_happens_until_ctrl_c(
    logged_in: Run, acme: str, orders: str, terminal_environment: dict[str, str]
) -> None:
    sent = data(logged_in, "send", "a.b", "--app", acme)["id"]
    tail = [ANGARIUM, "tail", "--app", acme, "--since", "1h", "--types"]
    with Terminal([*tail, "message.accepted,attempt.succeeded"], terminal_environment) as terminal:
        terminal.until("attempt.succeeded")
        assert sent in terminal.text
        later = data(logged_in, "send", "a.b", "--app", acme)["id"]
        terminal.until(later, times=2)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ended() == 130

    done = logged_in("tail", "--app", acme, "--since", "1h", "--limit", "2", "-o", "json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert len(events) == 2
    assert {"id", "event", "data"} == events[0].keys()
