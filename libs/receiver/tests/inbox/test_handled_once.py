"""An event is handled once: delivered twice, at the same time, or with a kill in between."""

import asyncio
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from angarium_receiver import Answer

from .crashing_server import FRAMEWORKS, STEPS
from .inboxes import KINDS, Kind, create_tables, handled, signed

ROOT = Path(__file__).parents[4]


@pytest.fixture
def tables(database_url: str) -> str:
    """The URL of a database with the tables; the test runs once on each engine."""
    create_tables(database_url)
    return database_url


def blocking[T](function: Callable[[], T]) -> T:
    """Run in a thread: a test may have a loop that the function must not see."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest, tables: str) -> Kind:
    return KINDS[request.param](tables)


def test_a_duplicate_is_answered_and_does_nothing(kind: Kind, tables: str) -> None:
    answers = [blocking(lambda: kind.deliver(signed("msg_1"))) for _ in range(2)]
    assert [each.status for each in answers] == [200, 200]
    assert handled(tables, "msg_1") == 1
    assert blocking(lambda: kind.deliver(signed("msg_2"))).status == 200
    assert handled(tables, "msg_2") == 1


def test_each_of_two_receivers_handles_the_message_of_its_endpoint(kind: Kind, tables: str) -> None:
    for name in ("billing", "mail", "billing"):
        blocking(lambda name=name: kind.deliver(signed("msg_1"), name=name))  # type: ignore[misc]
    assert handled(tables, "msg_1") == 2


def test_what_failed_is_handled_by_the_next_attempt(kind: Kind, tables: str) -> None:
    def fail(step: str) -> None:
        if step == "worked":
            raise RuntimeError("the handler failed")

    with pytest.raises(RuntimeError, match="the handler failed"):
        blocking(lambda: kind.deliver(signed("msg_1"), fail))
    assert handled(tables, "msg_1") == 0
    assert blocking(lambda: kind.deliver(signed("msg_1"))).status == 200
    assert handled(tables, "msg_1") == 1


@pytest.mark.parametrize("name", list(KINDS))
def test_deliveries_at_the_same_time_are_handled_once(name: str, tables: str) -> None:
    def deliver(_: int) -> Answer:
        return KINDS[name](tables).deliver(signed("msg_1"))

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(deliver, range(4)))
    assert {each.status for each in results} == {200}
    assert handled(tables, "msg_1") == 1


def test_old_rows_are_pruned_and_new_ones_kept(kind: Kind, tables: str) -> None:
    for number in range(3):
        blocking(lambda number=number: kind.deliver(signed(f"msg_{number}")))  # type: ignore[misc]
    assert blocking(lambda: kind.prune()) == 0
    assert blocking(lambda: kind.prune(older_than=timedelta(days=-1))) == 3
    assert blocking(lambda: kind.deliver(signed("msg_1"))).status == 200
    assert handled(tables, "msg_1") == 2


async def printed_by(program: str, url: str) -> Any:
    """The JSON that a program of this folder prints."""
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"libs.receiver.tests.inbox.{program}",
        url,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await running.communicate()
    assert running.returncode == 0
    return json.loads(output)


async def test_a_kill_at_any_step_leaves_the_event_handled_once(tables: str) -> None:
    once = {"inserted": [0, 1, 1], "worked": [0, 1, 1], "committed": [1, 1, 1]}
    assert await printed_by("crashing_handler", tables) == dict.fromkeys(KINDS, once)


async def test_a_kill_of_the_server_before_its_answer_leaves_the_event_handled_once(
    postgres_url: str,
) -> None:
    create_tables(postgres_url)
    no_answer_then_once = [0, 200, 200, 1]
    for_each_step = dict.fromkeys(STEPS, no_answer_then_once)
    expected = dict.fromkeys(FRAMEWORKS, for_each_step)
    assert await printed_by("crashing_server", postgres_url) == expected
