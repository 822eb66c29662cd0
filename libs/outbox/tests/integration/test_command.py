"""The command `angarium-outbox`."""

import asyncio
import signal

import httpx
import pytest
from angarium_outbox import add_async
from angarium_outbox.store import OutboxStore
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.ext.asyncio import AsyncEngine

from ..fake_platform import FakePlatform
from ..relay_process import environment, relay_environment, run_command, running_relay


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One engine: those that follow look at the command."""
    return sqlite_url


async def test_events_that_were_set_aside_are_listed_and_requeued_and_accepted_ones_pruned(
    engine: AsyncEngine, platform: FakePlatform, store: OutboxStore, unused_tcp_port: int
) -> None:
    platform.refuses = lambda message: (422, "Too odd.") if "odd" in message["payload"] else None
    async with engine.begin() as connection:
        odd = await add_async(connection, "acme", "a.b", {"odd": 1})
        await add_async(connection, "acme", "a.b", {"even": 2})
    with_metrics = {"ANGARIUM_OUTBOX_METRICS_PORT": str(unused_tcp_port)}
    async with running_relay(relay_environment(engine, platform) | with_metrics) as relay:
        async with asyncio.timeout(60):
            while (await store.backlog()).pending:
                await asyncio.sleep(0.01)
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"http://127.0.0.1:{unused_tcp_port}/metrics")
        relay.send_signal(signal.SIGTERM)
        assert await relay.wait() == 0
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["angarium_outbox_accepted_total"] == 1
    assert samples["angarium_outbox_set_aside_total"] == 1
    assert samples["angarium_outbox_latency_seconds_count"] == 1
    assert samples["angarium_outbox_lanes"] == 32

    given = environment(engine)
    status, out, _ = await run_command(given, "list")
    assert (status, out.split()[0]) == (0, odd)
    assert "422 refused: payload: Too odd." in out
    assert (await run_command(given, "requeue", odd))[1] == "1 requeued\n"
    assert "pending           1" in (await run_command(given, "status"))[1]
    assert (await run_command(given, "prune", "--older-than-days", "-1"))[1] == "1 deleted\n"


async def test_what_is_wrong_with_the_environment_is_said_without_secrets(
    engine: AsyncEngine,
) -> None:
    without = {"api_key": "a-secret", "api_url": "x"}
    status, _, errors = await run_command(environment(engine, **without), "relay")
    assert (status, "ANGARIUM_OUTBOX_API_URL is not a URL" in errors) == (2, True)
    assert "a-secret" not in errors

    broken = {"database_url": "postgresql://user:a-secret@127.0.0.1:1/none"}
    status, _, errors = await run_command(environment(engine, **broken), "status")
    assert (status, "ANGARIUM_OUTBOX_DATABASE_URL" in errors) == (1, True)
    assert "a-secret" not in errors
