"""A process that is told to stop is not ready any more, and serves until it has drained."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from angarium_chassis.health import Readiness
from angarium_chassis.internal_http import bind, internal_app, serve_http
from angarium_chassis.stopping import serve_and_drain


class Service:
    """A service with one listener, whose application is the internal port's."""

    def __init__(self, *, drain_s: float, needed: asyncio.Task[None] | None = None) -> None:
        self.listener = bind("127.0.0.1", 0)
        self.readiness = Readiness()
        self.task = asyncio.create_task(self._run(drain_s, [needed] if needed else []))

    async def _run(self, drain_s: float, needed: list[asyncio.Task[None]]) -> None:
        serving = asyncio.create_task(serve_http(internal_app(self.readiness), self.listener))
        await serve_and_drain(serving, self.readiness, drain_s=drain_s, needed=needed)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url) as client:
            assert (await client.get("/ready")).status_code == 200
            yield client


async def test_ready_turns_503_while_requests_are_still_served() -> None:
    service = Service(drain_s=300)

    async with service.client() as client:
        service.task.cancel()
        await asyncio.sleep(0)
        while (answer := await client.get("/ready")).status_code == 200:
            await asyncio.sleep(0)
        assert answer.json() == {"ready": False, "problems": {"process": "it is stopping"}}
        async with httpx.AsyncClient(base_url=client.base_url) as newcomer:
            assert (await newcomer.get("/live")).status_code == 200
    assert not service.task.done()
    service.task.cancel()  # a second signal: at once
    with pytest.raises(asyncio.CancelledError):
        await service.task


@pytest.mark.parametrize("drain_s", [0, 0.05])
async def test_the_listener_closes_once_it_has_drained(drain_s: float) -> None:
    service = Service(drain_s=drain_s)

    async with service.client() as client:
        service.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await service.task
        with pytest.raises(httpx.TransportError):
            await client.get("/live")


async def test_a_service_that_cannot_work_any_more_does_not_drain() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    needed = asyncio.create_task(fail())
    service = Service(drain_s=300, needed=needed)

    async with service.client():
        service.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await service.task
    with pytest.raises(ZeroDivisionError):
        await needed
