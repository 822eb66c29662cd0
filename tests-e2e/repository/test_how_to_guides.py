"""The calls of the how-to guides, taken from their pages and made in their order."""

import asyncio
import re
import shlex
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from string import Template
from typing import Any

import httpx
import pytest
from angarium_gateway.domain.ingest.source_types import SourceType

from ..child_process import ANGARIUM, bare_environment, start_process  # noqa: TID252
from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252

GUIDES = Path(__file__).parents[2] / "docs/how-to"
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
TIME = re.compile(r"(?P<later>\"deliverAt\": \")?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def calls(page: str) -> list[tuple[str, str, str | None]]:
    """Method, path and body of every `call`. Times are yesterday; `deliverAt` is tomorrow."""
    found = []
    for block in SHELL.findall((GUIDES / page).read_text()):
        words = shlex.split(TIME.sub(_moved, block).replace("\\\n", " "), comments=True)
        starts = [at for at, word in enumerate(words) if word == "call"]
        for at, end in pairwise([*starts, len(words)]):
            method, path, *body = words[at + 1 : end]
            found.append((method, path, body[0] if body else None))
    return found


def _moved(time: re.Match[str]) -> str:
    days = 1 if time["later"] else -1
    return f"{time['later'] or ''}{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def client(guides_platform: DevPlatform, receiver: WebhookReceiver) -> Iterator[httpx.Client]:
    """A new application `acme` with its endpoint `orders`, and an event type with an example."""
    with guides_platform.client() as client:
        _made(client.put("/app/acme", json={"name": "Acme", "uid": "acme"}))
        endpoint = {"url": f"{receiver.url}/ok", "uid": "orders"}
        _made(client.put("/app/acme/endpoint/orders", json=endpoint))
        schemas = {"1": {"examples": [{"cents": 4200}]}}
        _made(client.put("/event-type/invoice.paid", json={"description": "d", "schemas": schemas}))
        yield client


def _made(response: httpx.Response) -> Any:
    assert response.is_success, f"{response.request.url}: {response.text}"
    return response.json() if response.content else None


def _make_calls(client: httpx.Client, page: str, names: dict[str, str]) -> list[Any]:
    """What each call answers; an id that one answers is known to those behind it."""
    answers = []
    for method, path, body in calls(page):
        path = Template(path).substitute(names)
        answer = _made(client.request(method, f"/{path}", content=body))
        if method == "POST" and path.endswith(("/msg", "operational-webhook/endpoint")):
            names["MESSAGE" if path.endswith("/msg") else "ENDPOINT"] = answer["id"]
        answers.append(answer)
    return answers


def test_schedules_order_and_limits_are_set_as_the_guide_says(client: httpx.Client) -> None:
    answers = _make_calls(client, "set-schedules-order-limits.md", {})

    endpoint = _made(client.get("/app/acme/endpoint/orders"))
    assert (endpoint["retrySchedule"], endpoint["ordering"]) == ([5, 300, 1800], "fifo")
    assert (endpoint["throttleRate"], endpoint["concurrency"]) == (20, 4)
    assert (endpoint["whileDisabled"], endpoint["receiverControl"]) == ("keep", False)
    assert len(answers) == 12
    assert answers[9] == {"canceled": 1, "done": True}
    assert answers[-2]["state"] in ("delivering", "waiting")


def test_messages_are_filtered_as_the_guide_says(client: httpx.Client) -> None:
    saved, removed, tested, of_endpoint = _make_calls(client, "filter-messages.md", {})

    assert saved["filter"] == 'eventType.startsWith("invoice.") && payload.amount > 1000'
    assert "filter" not in removed
    assert tested == of_endpoint == {"match": True}


def test_deliveries_are_made_again_and_stopped_as_the_guide_says(
    client: httpx.Client, guides_platform: DevPlatform
) -> None:
    message = {"eventType": "invoice.paid", "payload": {}}
    names = {"MESSAGE": _made(client.post("/app/acme/msg", json=message))["id"]}
    script = "\n".join(PYTHON.findall((GUIDES / "resend-and-cancel.md").read_text()))
    script = script.replace("<API key>", guides_platform.key)
    script = script.replace("http://127.0.0.1:8080", guides_platform.url)
    attempts = f"/app/acme/attempt/msg/{names['MESSAGE']}"
    made = until(lambda: _made(client.get(attempts))["data"], 60, "the message is attempted")
    known: dict[str, Any] = {"message_id": names["MESSAGE"], "attempt_id": made[0]["id"]}

    exec(script, known)
    answers = _make_calls(client, "resend-and-cancel.md", names)

    assert known["sent"].payload == {"cents": 4200}
    assert len(answers) == 6
    assert all(answer["done"] for answer in answers[1:4])


def test_batches_are_posted_and_schemas_checked_as_the_guide_says(client: httpx.Client) -> None:
    answers = _make_calls(client, "post-in-batches-and-check-schemas.md", {})

    assert [each["created"] for each in answers[:2]] == [2, 1]
    assert answers[2] == {"active": True}
    assert answers[4]["validateSchemas"] == "warn"
    assert [each["name"] for each in answers[5]["data"]["to_modify"]] == ["order.created"]
    assert (answers[6]["openapi"], answers[7]["asyncapi"]) == ("3.1.0", "3.0.0")
    assert len(answers) == 8


class Polled(Exception):
    """The guide's program has got the message."""


def test_messages_are_polled_as_the_guide_says(
    client: httpx.Client,
    guides_platform: DevPlatform,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    endpoint, consumers, sought = _make_calls(client, "poll-messages.md", {})
    assert (endpoint["url"], endpoint["ordering"]) == ("poll://messages", "fifo")
    assert (consumers, list(sought)) == ({"data": []}, ["iterator"])
    message = {"eventType": "invoice.paid", "payload": {"cents": 4200}}
    posted = _made(client.post("/app/acme/msg", json=message))["id"]
    (script,) = PYTHON.findall((GUIDES / "poll-messages.md").read_text())
    monkeypatch.setenv("ANGARIUM_KEY", guides_platform.key)
    monkeypatch.setenv("ANGARIUM_URL", guides_platform.url)
    rest = time.sleep

    def stop_once_polled(seconds: float) -> None:
        if f"{posted} invoice.paid {{'cents': 4200}}" in capsys.readouterr().out:
            raise Polled
        rest(seconds)

    monkeypatch.setattr(time, "sleep", stop_once_polled)
    with pytest.raises(Polled):
        exec(script, {})


class OrdersServed(Exception):
    """The guide's application has run beside the relay."""


def test_events_are_posted_from_a_transaction_as_the_guide_says(
    client: httpx.Client,
    guides_platform: DevPlatform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = (GUIDES / "post-from-a-transaction.md").read_text()
    revision, add_event, in_application = PYTHON.findall(page)
    create_tables, run_relay, look_after, verify = SHELL.findall(page)
    monkeypatch.chdir(tmp_path)
    settings = dict(re.findall(r"export (\w+)=(.+)", create_tables + run_relay))
    settings |= {"ANGARIUM_OUTBOX_API_URL": guides_platform.url}
    settings |= {"ANGARIUM_OUTBOX_API_KEY": guides_platform.key}
    environment = bare_environment(**settings)

    def run(command: str) -> str:
        program, *arguments = shlex.split(command)
        done = subprocess.run(
            [str(Path(ANGARIUM).with_name(program)), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def accepted() -> list[Any]:
        found: list[Any] = _made(client.get("/app/acme/msg"))["data"]
        return [each for each in found if each["eventType"] == "order.paid"]

    exec(revision, {})
    run(create_tables.splitlines()[-1])
    with sqlite3.connect("shop.db") as database:
        database.execute("create table orders (id text primary key, cents integer)")
    exec(add_event, {})
    command = [str(Path(ANGARIUM).with_name("angarium-outbox")), "relay"]
    assert shlex.split(run_relay)[-2:] == ["angarium-outbox", "relay"]
    null = subprocess.DEVNULL
    relay = start_process(command, environment, out=null, errors=null)
    try:
        (message,) = until(accepted, 60, "the event is accepted")
    finally:
        relay.terminate()
        assert relay.wait(60) == 0
    assert message["payload"] == {"id": "ord_1", "cents": 4200}

    exec(add_event.replace("ord_1", "ord_2"), {})

    async def run_the_application() -> None:
        await asyncio.to_thread(until, lambda: len(accepted()) == 2, 60, "both are accepted")
        raise OrdersServed

    known: dict[str, Any] = {"run_the_application": run_the_application}
    exec(in_application, known)
    with pytest.raises(OrdersServed):
        asyncio.run(known["serve"](guides_platform.url, guides_platform.key))

    status, listed, requeued = (run(line) for line in look_after.splitlines())
    assert "pending           0" in status
    assert (listed, requeued) == ("", "0 requeued\n")
    verified = run(f"{verify.strip()} --data-dir {guides_platform.data_dir}")
    assert "2 accepted events, 0 pending, 0 set aside" in verified
    assert "Outboxes and journal agree." in verified


def test_destinations_are_used_as_the_guide_says(client: httpx.Client) -> None:
    answers = _make_calls(client, "use-destinations.md", {})

    assert [each["type"] for each in answers[:2]] == ["fifoEndpoint", "pollingEndpoint"]
    assert [each["status"] for each in answers[2:4]] == ["disabled", "enabled"]
    assert {answers[0]["id"], answers[1]["id"]} <= {each["id"] for each in answers[4]["data"]}
    assert (answers[5]["ordering"], answers[5]["whileDisabled"]) == ("fifo", "keep")
    assert len(answers) == 6


def test_webhooks_are_received_as_the_guide_says(guides_platform: DevPlatform) -> None:
    page = (GUIDES / "receive-webhooks.md").read_text()
    posts = re.findall(r'-X POST "\$ANGARIUM_URL(\S+)".*?-d \'(.*?)\'', page, re.DOTALL)
    assert len(posts) == 2
    headers = {"authorization": f"Bearer {guides_platform.key}"}
    answers = [
        _made(httpx.post(f"{guides_platform.url}{path}", content=body, headers=headers))
        for path, body in posts
    ]
    assert answers[0]["ingestUrl"].startswith(guides_platform.url)
    assert answers[1]["eventTypes"] == ["github.push"]
    listed = re.findall(
        r"`([a-z-]+)`", page.partition("| type |")[2].partition("For `docusign`")[0]
    )
    assert set(SourceType) <= set(listed)


def test_streams_are_used_as_the_guide_says(client: httpx.Client) -> None:
    stream, http, poller, posted, page, access = _make_calls(client, "use-streams.md", {})

    assert stream["id"].startswith("strm_")
    assert (http["type"], poller["type"]) == ("http", "poller")
    assert (posted, list(page)) == ({}, ["data", "iterator", "done"])
    assert "/portal#key=" in access["url"]
