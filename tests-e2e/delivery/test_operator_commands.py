"""`angarium doctor`, `verify` and `quarantine` on a running platform: a clean bill, then faults."""

import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from angarium_contracts.ids import ENDPOINT, MESSAGE, parse_id
from redis import Redis

from ..child_process import run_angarium  # noqa: TID252 - tests are no package
from ..dev_platform import DevPlatform  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252

HOUR_US = 3_600_000_000
SETTLE_S = 30.0


class Operator:
    """Runs commands against one platform, as somebody beside it."""

    def __init__(self, platform: DevPlatform) -> None:
        self.platform = platform

    def run(self, *arguments: str) -> tuple[int, str]:
        done = run_angarium([*arguments, "--data-dir", str(self.platform.data_dir)])
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout

    def verify(self) -> dict[str, Any]:
        """The audit of everything until now; its exit status is checked."""
        status, out = self.run("verify", "--until", "now", "--json")
        found: dict[str, Any] = json.loads(out)
        faults = found["gaps_count"] + found["statistics"]["differences_count"]
        assert status == (1 if faults else 0)
        return found

    def settled(self, count: int) -> dict[str, Any]:
        """The audit once so many messages are settled."""

        def look() -> dict[str, Any] | None:
            found = self.verify()
            return found if found["counts"]["settled"] >= count else None

        return until(look, SETTLE_S, f"{count} messages are settled")

    def doctor(self) -> tuple[int, dict[str, dict[str, str]]]:
        """Exit status, and what is not well, by subject."""
        status, out = self.run("doctor", "--json")
        findings = json.loads(out)["findings"]
        return status, {each["subject"]: each for each in findings if each["level"] != "ok"}

    def rows(self, service: str, statement: str, *values: object) -> int:
        """Carry out a statement in a service's database; how many rows it changed."""
        path = self.platform.database_path(service)
        with closing(sqlite3.connect(path, timeout=20)) as connection, connection:
            return connection.execute(statement, values).rowcount

    @contextmanager
    def paused(self, service: str) -> Iterator[None]:
        pid = self.platform.pid(service)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def operator(platform_folder: Path) -> Iterator[Operator]:
    with DevPlatform(platform_folder) as platform:
        yield Operator(platform)


@pytest.fixture
def app(operator: Operator, receiver: WebhookReceiver) -> Iterator[httpx.Client]:
    """A client below an application whose endpoint has been there for an hour."""
    with operator.platform.client() as api:
        api.post("/app", json={"name": "Customer", "uid": "customer"}).raise_for_status()
        endpoint = {"url": f"{receiver.url}/ok", "uid": "hook"}
        api.post("/app/customer/endpoint", json=endpoint).raise_for_status()
    assert operator.rows("dispatcher", f"update endpoints set updated_at = updated_at - {HOUR_US}")
    with operator.platform.client() as api:
        api.base_url = api.base_url.join("app/customer/")
        yield api


def post(app: httpx.Client) -> str:
    answer = app.post("msg", json={"eventType": "invoice.paid", "payload": {"cents": 42}})
    return str(answer.raise_for_status().json()["id"])


def id_of(prefix: str, text: str) -> bytes:
    found = parse_id(prefix, text)
    assert found is not None
    return found


def test_a_clean_bill_and_a_gap_that_is_found_and_mended(
    operator: Operator, app: httpx.Client, receiver: WebhookReceiver
) -> None:
    messages = [post(app) for _ in range(3)]
    receiver.wait_for_ids(set(messages))

    audit = operator.settled(3)
    assert audit["gaps_count"] == 0
    assert audit["counts"]["expected"] == 3
    assert operator.doctor() == (0, {})
    status, out = operator.run("doctor")
    assert (status, out.splitlines()[-1]) == (0, "All is well.")

    lost = messages[1]
    assert operator.rows("worker", "delete from attempt where message_id = ?", id_of(MESSAGE, lost))

    (gap,) = operator.verify()["gaps"]
    endpoint = app.get("endpoint/hook").json()["id"]
    assert (gap["message_id"], gap["endpoint_id"], gap["kind"]) == (lost, endpoint, "missing")
    assert id_of(ENDPOINT, endpoint)
    status, out = operator.run("verify", "--until", "now")
    assert status == 1
    assert lost in out
    assert "replay-missing" in out
    since = out.partition('{"since": "')[2].partition('"')[0]

    app.post("endpoint/hook/replay-missing", json={"since": since}).raise_for_status()

    until(lambda: not operator.verify()["gaps_count"], SETTLE_S, "the gap is closed")
    assert receiver.ids() == set(messages)


def test_poison_is_listed_shown_without_payload_and_dropped(operator: Operator) -> None:
    with Redis.from_url(operator.platform.state["redis_url"]) as redis:
        redis.xadd("messages.accepted:{0}", {"__data__": b"\xc1 poison 4111"})
        until(lambda: redis.xlen("quarantine:dispatcher"), 20, "it is quarantined")

    status, out = operator.run("quarantine", "list", "--json")
    (entry,) = json.loads(out)["entries"]
    assert status == 0
    assert (entry["stream"], entry["tries"], entry["size_bytes"]) == (
        "messages.accepted:{0}",
        1,
        len(b"\xc1 poison 4111"),
    )
    assert entry["reason"].startswith("unreadable")
    assert entry["id"] in operator.run("quarantine", "list")[1]
    status, warned = operator.doctor()
    assert (status, list(warned)) == (0, ["dispatcher quarantine"])
    assert "4111" not in operator.run("quarantine", "show", entry["id"])[1]
    assert "poison 4111" in operator.run("quarantine", "show", entry["id"], "--bytes")[1]

    status, out = operator.run("quarantine", "replay", "--all")
    assert status == 1
    assert "kept" in out
    assert operator.run("quarantine", "drop", "--all", "--yes") == (0, "Dropped 1.\n")

    assert operator.doctor() == (0, {})


def test_a_batch_that_was_set_aside_is_found_and_brought_back_and_its_message_sent_once(
    operator: Operator, app: httpx.Client, receiver: WebhookReceiver
) -> None:
    # What Redis had given the dispatcher already is delivered in spite of all: once in the end.
    with operator.paused("dispatcher"):
        message = post(app)
        aside = "update batch set owner = 'set-aside', published = 1"
        assert operator.rows("gateway", aside) == 1
        with Redis.from_url(operator.platform.state["redis_url"]) as redis:
            redis.flushall()

    (gap,) = operator.verify()["gaps"]
    assert (gap["message_id"], gap["kind"]) == (message, "set-aside")
    (listed,) = json.loads(operator.run("quarantine", "list", "--json")[1])["batches"]
    assert listed["messages"] == 1
    assert message in operator.run("quarantine", "show", listed["id"])[1]
    status, found = operator.doctor()
    assert status == 1
    assert found["gateway batches"]["level"] == "problem"
    assert "quarantine replay" in found["gateway batches"]["remedy"]

    status, out = operator.run("quarantine", "replay", "--all")
    assert (status, out.partition(":")[0]) == (0, "1 batch brought back")

    receiver.wait_accepted(message)
    assert operator.settled(1)["gaps_count"] == 0
    assert len(receiver.entries()) == 1


def test_the_doctor_tells_what_is_broken(operator: Operator) -> None:
    os.kill(operator.platform.pid("valkey"), signal.SIGSTOP)
    try:
        status, found = operator.doctor()
    finally:
        os.kill(operator.platform.pid("valkey"), signal.SIGCONT)
    assert status == 1
    assert found["redis"]["level"] == "problem"

    operator.platform.stop()
    done = run_angarium(["doctor", "--data-dir", str(operator.platform.data_dir)])
    assert done.returncode == 2
    assert "`angarium dev` does not run on" in done.stderr
