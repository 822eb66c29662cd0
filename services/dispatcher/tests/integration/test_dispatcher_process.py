"""Starting the dispatcher, refusing to start, and its internal port."""

import asyncio
from contextlib import suppress

import httpx
import pytest
from angarium_chassis.internal_http import bind
from angarium_chassis.process import StartRefused
from angarium_contracts.hot_path import (
    DeliveriesSettled,
)
from angarium_dispatcher.main import run
from angarium_dispatcher.settings import Settings

from .conftest import (
    SETTLE_TO,
    Client,
    a_batch,
    a_message,
    an_application,
    running,
    settings_for,
)


async def test_readiness_and_metrics_stand_on_the_internal_port(
    client: Client, settings: Settings
) -> None:
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    settings = settings.model_copy(update={"internal_port": port})
    async with running(lambda: run(settings)):
        saved = await an_application(client)
        await client.accept(a_batch(a_message(saved)))
        await client.entries(SETTLE_TO, DeliveriesSettled, 1)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            ready = await http.get("/ready")
            metrics = await http.get("/metrics")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "problems": {}})
    for name in ("messages_dispatched", "batches_without_recipients", "cache_misses"):
        assert f"angarium_dispatcher_{name}_total" in metrics.text


async def test_it_refuses_to_start_without_its_schema(redis_url: str, sqlite_url: str) -> None:
    with pytest.raises(StartRefused, match="angarium migrate dispatcher"):
        await run(settings_for(redis_url, sqlite_url))


async def test_it_refuses_to_start_on_a_taken_port_and_names_the_setting(
    settings: Settings,
) -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartRefused, match="ANGARIUM_INTERNAL_PORT"):
            await run(settings.model_copy(update={"internal_port": port}))


async def test_it_refuses_to_start_with_a_bad_encryption_key(
    redis_url: str, sqlite_url: str
) -> None:
    with pytest.raises(StartRefused, match="ANGARIUM_ENCRYPTION_KEY") as refused:
        await run(settings_for(redis_url, sqlite_url, encryption_key="c2hvcnQ="))
    assert "c2hvcnQ" not in str(refused.value)


async def test_it_stays_up_without_redis_and_says_so(settings: Settings) -> None:
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    away = settings_for(
        "redis://127.0.0.1:1/0", settings.database_url.get_secret_value(), internal_port=port
    )
    async with (
        running(lambda: run(away)),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
        asyncio.timeout(10),
    ):
        while True:
            with suppress(httpx.ConnectError):
                ready = await http.get("/ready")
                break
    assert ready.status_code == 503
    assert set(ready.json()["problems"]) == {"queries", "messages", "replies", "redis"}
