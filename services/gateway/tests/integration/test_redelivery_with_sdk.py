"""What is done by hand, with the official Svix SDK: gateway and dispatcher as they run, a real
Valkey, and a worker that keeps deliveries as states."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import angarium_dispatcher.main as dispatcher
import angarium_gateway.main as gateway
import pytest
from angarium_chassis.streams.broker import open_broker
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.query_server import QueryServer
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.deliveries import (
    EndpointStats,
    FindMissingDeliveries,
    GetEndpointStats,
    ListFailedDeliveries,
    ResendDeliveries,
)
from angarium_contracts.ids import MESSAGE, parse_id
from angarium_contracts.stream_names import WORKER_QUERIES, WORKERS
from angarium_dispatcher.settings import Settings as DispatcherSettings
from angarium_gateway.settings import Settings as GatewaySettings
from svix.api import (
    ApplicationIn,
    BackgroundTaskListOptions,
    EndpointIn,
    EndpointPatch,
    EventExampleIn,
    EventTypeIn,
    MessageGetOptions,
    MessageIn,
    RecoverIn,
    ReplayIn,
    SvixAsync,
    SvixOptions,
)
from svix.exceptions import HttpError
from svix.models import (
    BackgroundTaskOut,
    BackgroundTaskStatus,
    BackgroundTaskType,
    BulkReplayIn,
)

from ..fakes.redelivery_models import WorkerModel
from .test_api_with_sdk import (
    CopyMigrated,
    a_free_port,
    prepared_databases,
    running,
    until_it_answers,
)

LONG_AGO = datetime.now(UTC) - timedelta(days=1)


class Worker(WorkerModel):
    async def answer(self, question: Contract) -> Contract:
        if isinstance(question, GetEndpointStats):
            return EndpointStats(1, 2, 3, 4, 5)
        return await self(question, Contract)


@dataclass
class Platform:
    sdk: SvixAsync
    worker: Worker
    start_gateway: Callable[[], Any]
    start_worker: Callable[[], Any]

    async def ended(self, task_id: str) -> BackgroundTaskOut:
        async with asyncio.timeout(30):
            while True:
                task = await self.sdk.background_task.get(task_id)
                if task.status is not BackgroundTaskStatus.RUNNING:
                    return task
                await asyncio.sleep(0.02)


@asynccontextmanager
async def answering(redis_url: str, worker: Worker) -> AsyncIterator[None]:
    broker = open_broker(redis_url)
    await broker.connect()
    server = QueryServer(
        broker,
        stream=WORKER_QUERIES,
        group=WORKERS,
        consumer="scripted",
        questions=Reader(
            ListFailedDeliveries, FindMissingDeliveries, ResendDeliveries, GetEndpointStats
        ),
        answer=worker.answer,
        quarantine=Quarantine(broker, "worker"),
        clock_ms=lambda: time.time_ns() // 1_000_000,
        clock_s=time.monotonic,
    )
    async with running(server.run):
        yield
    await broker.stop()


@pytest.fixture
async def platform(
    redis_url: str, copy_migrated: CopyMigrated, tmp_path: Path
) -> AsyncIterator[Platform]:
    """Gateway and worker are started by the test."""
    gateway_url, dispatcher_url, tokens = await prepared_databases(copy_migrated, tmp_path)
    port = a_free_port()
    shared = {
        "redis_url": redis_url,
        "encryption_key": base64.b64encode(bytes(32)).decode(),
        "internal_port": 0,
    }
    dispatcher_settings = DispatcherSettings.model_validate(
        {
            **shared,
            "database_url": dispatcher_url,
            "allow_http_endpoints": True,
            "egress_allowed_networks": "127.0.0.0/8",
        }
    )
    gateway_settings = GatewaySettings.model_validate(
        {
            **shared,
            "database_url": gateway_url,
            "port": port,
            "query_timeout_s": 1.5,
            "drain_s": 0,
        }
    )
    url, worker = f"http://127.0.0.1:{port}", Worker()

    @asynccontextmanager
    async def start_gateway() -> AsyncIterator[None]:
        async with running(lambda: gateway.run(gateway_settings)):
            await until_it_answers(url)
            yield

    async with running(lambda: dispatcher.run(dispatcher_settings)):
        yield Platform(
            SvixAsync(tokens[0], SvixOptions(server_url=url)),
            worker,
            start_gateway,
            lambda: answering(redis_url, worker),
        )


async def posted(sdk: SvixAsync, count: int) -> list[bytes]:
    """Messages of an application that has no endpoint yet: they are settled at once."""
    await sdk.application.create(ApplicationIn(name="Acme", uid="acme"))
    made = [
        await sdk.message.create("acme", MessageIn(event_type="invoice.paid", payload={"n": n}))
        for n in range(count)
    ]
    await sdk.endpoint.create("acme", EndpointIn(url="https://e.com", uid="orders"))
    ids = [parse_id(MESSAGE, one.id) for one in made]
    return [one for one in ids if one is not None]


async def test_messages_are_redelivered_on_request(platform: Platform) -> None:
    sdk, worker = platform.sdk, platform.worker
    async with platform.start_gateway(), platform.start_worker():
        ids = await posted(sdk, 4)
        worker.deliveries[ids[1]] = "failed"
        since = RecoverIn(since=LONG_AGO)
        started = await sdk.endpoint.recover("acme", "orders", since)
        assert started.task is BackgroundTaskType.ENDPOINT_RECOVER
        ended = await platform.ended(started.id)
        assert (ended.status, ended.data["resent"]) == (BackgroundTaskStatus.FINISHED, 1)
        replay = await sdk.endpoint.replay_missing("acme", "orders", ReplayIn(since=LONG_AGO))
        assert replay.task is BackgroundTaskType.ENDPOINT_REPLAY
        assert (await platform.ended(replay.id)).data["resent"] == 3
        assert worker.deliveries == dict.fromkeys(ids, "pending")
        again = BulkReplayIn(since=LONG_AGO)
        bulk = await sdk.endpoint.bulk_replay("acme", "orders", again)
        assert (await platform.ended(bulk.id)).data["resent"] == 4
        listed = await sdk.background_task.list(BackgroundTaskListOptions(limit=2))
        assert [item.id for item in listed.data] == [bulk.id, replay.id]
        message = (await sdk.message.list("acme")).data[0]
        await sdk.message_attempt.resend("acme", message.id, "orders")
        assert [one.id for one in worker.resends[-1].messages] == ids[-1:]
        assert (await sdk.endpoint.get_stats("acme", "orders")).canceled == 5


async def test_an_example_is_sent_and_never_replayed(platform: Platform) -> None:
    sdk = platform.sdk
    async with platform.start_gateway(), platform.start_worker():
        await posted(sdk, 0)
        schemas = {"1": {"examples": [{"total": 5}]}}
        await sdk.event_type.create(
            EventTypeIn(name="invoice.paid", description="d", schemas=schemas)
        )
        example = EventExampleIn(event_type="invoice.paid")
        sent = await sdk.endpoint.send_example("acme", "orders", example)
        assert sent.payload == {"total": 5}
        options = MessageGetOptions(with_content=True)
        assert (await sdk.message.get("acme", sent.id, options)).payload == {"total": 5}
        await sdk.endpoint.create("acme", EndpointIn(url="https://e.com", uid="other"))
        replay = await sdk.endpoint.replay_missing("acme", "other", ReplayIn(since=LONG_AGO))
        assert (await platform.ended(replay.id)).data["looked"] == 0


async def test_nothing_is_resent_to_a_disabled_endpoint_and_its_task_fails(
    platform: Platform,
) -> None:
    sdk = platform.sdk
    async with platform.start_gateway():
        (message_id,) = await posted(sdk, 1)
        platform.worker.deliveries[message_id] = "failed"
        started = await sdk.endpoint.recover("acme", "orders", RecoverIn(since=LONG_AGO))
        await sdk.endpoint.patch("acme", "orders", EndpointPatch(disabled=True))
        async with platform.start_worker():
            ended = await platform.ended(started.id)
        assert ended.status is BackgroundTaskStatus.FAILED
        assert "disabled" in ended.data["error"]
        with pytest.raises(HttpError) as refused:
            await sdk.endpoint.recover("acme", "orders", RecoverIn(since=LONG_AGO))
        assert refused.value.status_code == 409
        assert platform.worker.resends == []


async def test_a_task_outlives_its_gateway(platform: Platform) -> None:
    sdk, worker = platform.sdk, platform.worker
    async with platform.start_gateway():
        ids = await posted(sdk, 3)
        worker.deliveries.update(dict.fromkeys(ids, "failed"))
        started = await sdk.endpoint.recover("acme", "orders", RecoverIn(since=LONG_AGO))
    async with platform.start_gateway(), platform.start_worker():
        ended = await platform.ended(started.id)
    assert (ended.status, ended.data["resent"]) == (BackgroundTaskStatus.FINISHED, 3)
    assert worker.deliveries == dict.fromkeys(ids, "pending")
