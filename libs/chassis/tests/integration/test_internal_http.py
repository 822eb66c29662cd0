import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from angarium_chassis import health
from angarium_chassis.health import Readiness
from angarium_chassis.internal_http import About, bind, internal_app, serve_http
from angarium_chassis.metrics import platform_figures, scrape
from angarium_chassis.metrics.platform_figures import PlatformFigures
from angarium_chassis.metrics.scrape import Scrape
from prometheus_client import Counter
from prometheus_client.core import Metric

type Event = MutableMapping[str, Any]
type App = Callable[
    [Event, Callable[[], Awaitable[Event]], Callable[[Event], Awaitable[None]]], Awaitable[None]
]
SEEN = Counter("angarium_test_seen", "Counted by a test.")


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[tuple[httpx.AsyncClient, asyncio.Task[None]]]:
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    task = asyncio.create_task(serve_http(app, listener))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield client, task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_live_process_says_so() -> None:
    async with serving(internal_app(Readiness())) as (client, _):
        answer = await client.get("/live")

    assert (answer.status_code, answer.json()) == (200, {"live": True})


async def test_a_process_tells_its_version_and_schema() -> None:
    about = About("worker", "1.2.3", "0012", "a1b2")

    async with serving(internal_app(Readiness(), about=about)) as (client, _):
        answer = await client.get("/version")

    assert answer.status_code == 200
    assert answer.json() == {
        "service": "worker",
        "version": "1.2.3",
        "schema": "0012",
        "replica": "a1b2",
    }


async def test_a_process_is_ready_while_no_check_objects() -> None:
    reading = False
    readiness = Readiness()
    readiness.require("reader", lambda: reading)

    async with serving(internal_app(readiness)) as (client, _):
        before = await client.get("/ready")
        reading = True
        after = await client.get("/ready")

    assert before.status_code == 503
    assert before.json() == {"ready": False, "problems": {"reader": "not running"}}
    assert after.status_code == 200
    assert after.json() == {"ready": True, "problems": {}}


async def test_a_check_without_an_answer_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "READY_TIMEOUT_S", 0.1)

    async def hang() -> None:
        await asyncio.Event().wait()

    async with serving(internal_app(Readiness({"database": hang}))) as (client, _):
        answer = await client.get("/ready")

    assert answer.status_code == 503
    assert list(answer.json()["problems"]) == ["readiness"]


async def test_a_check_that_breaks_is_a_problem_and_hides_no_other() -> None:
    async def break_down() -> None:
        raise OSError("password hunter2 refused")

    readiness = Readiness({"database": break_down})
    readiness.require("reader", lambda: False)

    async with serving(internal_app(readiness)) as (client, _):
        answer = await client.get("/ready")

    assert answer.status_code == 503
    assert answer.json()["problems"] == {"database": "OSError", "reader": "not running"}


async def test_metrics_are_in_the_format_of_prometheus() -> None:
    SEEN.inc(3)
    async with serving(internal_app(Readiness())) as (client, _):
        answer = await client.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    assert "angarium_test_seen_total 3.0" in answer.text


async def test_metrics_are_there_before_the_scraper_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module, name in ((scrape, "REFRESH_TIMEOUT_S"), (platform_figures, "READ_TIMEOUT_S")):
        monkeypatch.setattr(module, name, 600.0)

    class Claim:
        async def held(self) -> bool:
            return True

    async def hang() -> list[Metric]:
        await asyncio.Event().wait()
        return []

    figures = PlatformFigures(Claim(), hang, every_s=10.0, clock_s=lambda: 0.0)
    app = internal_app(Readiness(), Scrape(figures=[figures]))
    async with serving(app) as (client, _):
        told = {"X-Prometheus-Scrape-Timeout-Seconds": "0.05"}
        answer = await client.get("/metrics", headers=told, timeout=30)

    assert answer.status_code == 200
    assert "process_cpu_seconds_total" in answer.text


async def test_other_paths_are_told_what_there_is() -> None:
    async with serving(internal_app(Readiness())) as (client, _):
        answer = await client.get("/")

    assert answer.status_code == 404
    assert "/ready" in answer.json()["detail"]


async def test_a_cancelled_server_finishes_open_requests_and_frees_its_port() -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def app(
        _: Event, __: Callable[[], Awaitable[Event]], send: Callable[[Event], Awaitable[None]]
    ) -> None:
        began.set()
        await may_end.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with serving(app) as (client, task):
        request = asyncio.create_task(client.get("/"))
        await began.wait()
        task.cancel()
        await asyncio.sleep(0)
        may_end.set()
        answer = await request
        await asyncio.wait([task])
        port = client.base_url.port or 0

    assert answer.status_code == 204
    assert task.cancelled()
    bind("127.0.0.1", port).close()


async def test_a_cancelled_server_does_not_wait_for_idle_connections() -> None:
    async with serving(internal_app(Readiness())) as (client, task):
        await client.get("/live")
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=3)

    assert done


def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", taken.getsockname()[1])


def test_ipv6_is_bound_too() -> None:
    bind("::1", 0).close()
