"""The quarantine's desk on a real Valkey and a real journal, and `angarium quarantine` itself."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.streams.broker import open_broker
from angarium_chassis.streams.quarantine import Poison, Quarantine
from angarium_cli.main import main
from angarium_cli.services import examination_of
from angarium_contracts.contract import Reader, encode
from angarium_contracts.hot_path import DeliveriesRequested
from angarium_contracts.queries import Query
from angarium_gateway.adapters.database.batches import SET_ASIDE
from angarium_gateway.adapters.database.tables import batch
from angarium_gateway.administration.quarantine import (
    HoldsMessages,
    QuarantineRefused,
    QuarantineWork,
    Step,
    quarantine_work,
)
from redis.asyncio import Redis
from sqlalchemy import insert

STREAM = "deliveries.requested:{0}"
OPEN, ASIDE, CLOSED = b"o" * 16, b"s" * 16, b"c" * 16


def chunk(batch_id: bytes, number: int = 0) -> DeliveriesRequested:
    return DeliveriesRequested(
        batch_id=batch_id,
        publication=1,
        settle_to="deliveries.settled:x",
        chunk=number,
        chunks=9,
        redelivered=False,
        messages=(),
    )


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def gateway(sqlite_url: str) -> AsyncIterator[Database]:
    """A journal with one batch that is open and one that was set aside."""
    database = open_database(sqlite_url)
    await examination_of("gateway").SCHEMA.migrate(database)
    rest = {"stream_number": 0, "publication": 6, "published": True, "bytes": 2}
    async with database.engine.begin() as connection:
        for batch_id, owner in ((OPEN, "living"), (ASIDE, SET_ASIDE)):
            refs = b"a" * 16 + batch_id
            await connection.execute(
                insert(batch).values(id=batch_id, owner=owner, message_refs=refs, **rest)
            )
    yield database
    await database.close()


@pytest.fixture
def desk(redis: Redis, gateway: Database) -> QuarantineWork:
    return quarantine_work(redis, gateway)


@pytest.fixture
async def quarantine(redis_url: str) -> AsyncIterator[Quarantine]:
    broker = open_broker(redis_url)
    await broker.connect()
    yield Quarantine(broker, "worker")
    await broker.stop()


def poison(body: bytes, reason: str = "failed 5 times") -> Poison:
    return Poison(STREAM, "workers", b"1-1", reason, body)


async def on_the_stream(redis: Redis) -> list[bytes]:
    entries: Any = await redis.xrange(STREAM)
    return [fields[b"__data__"] for _, fields in entries]


async def test_all_that_is_still_needed_goes_back_once_and_nothing_else(
    desk: QuarantineWork, quarantine: Quarantine, redis: Redis
) -> None:
    query = encode(Query(1, "replies:x", 0, msgspec.Raw(encode(chunk(OPEN)))))
    bodies = [encode(chunk(each)) for each in (OPEN, OPEN, ASIDE, CLOSED)]
    await quarantine.put([poison(body) for body in (*bodies, query)])
    await quarantine.put([poison(b"\xc1", "unreadable: malformed")])

    done = await desk.replay_all()

    assert done.batches == 1
    assert [each.step for each in done.planned] == [
        Step.COMES_AGAIN,
        Step.COMES_AGAIN,
        Step.SUPERSEDED,
        Step.SETTLED,
        Step.PUT_BACK,
        Step.KEPT,
    ]
    assert await on_the_stream(redis) == [query]
    assert [entry.body async for entry in desk.entries()] == [b"\xc1"]
    assert await desk.batches() == []

    assert (await desk.replay_all()).batches == 0
    assert len(await on_the_stream(redis)) == 1


async def test_without_the_journal_the_newest_entry_of_a_part_goes_back(
    quarantine: Quarantine, redis: Redis
) -> None:
    old, new = chunk(OPEN), chunk(OPEN)
    await quarantine.put([poison(encode(each)) for each in (old, new)])

    done = await quarantine_work(redis, None).replay_all()

    assert [each.step for each in done.planned] == [Step.SUPERSEDED, Step.PUT_BACK]
    (body,) = await on_the_stream(redis)
    assert Reader(DeliveriesRequested).read(body) == msgspec.structs.replace(new, redelivered=True)


async def test_chosen_entries_go_back_whatever_became_of_their_batches(
    desk: QuarantineWork, quarantine: Quarantine, redis: Redis
) -> None:
    await quarantine.put([poison(encode(chunk(CLOSED))), poison(b"\xc1", "unreadable: malformed")])
    readable, unreadable = [f"worker/{entry.id}" async for entry in desk.entries()]

    done = await desk.replay([readable, f"batch/{ASIDE.hex()}"])
    assert (done.batches, [each.step for each in done.planned]) == (1, [Step.PUT_BACK])
    (kept,) = (await desk.replay([unreadable])).planned
    assert kept.step is Step.KEPT
    (forced,) = (await desk.replay([unreadable], force=True)).planned
    assert forced.step is Step.PUT_BACK

    assert (await on_the_stream(redis))[1] == b"\xc1"


@pytest.mark.parametrize(
    "ref", ["worker/1-1", "worker/x", "nobody/1-1", "worker", "batch/00", f"batch/{OPEN.hex()}"]
)
async def test_ids_that_are_not_there_are_refused_before_anything_is_done(
    desk: QuarantineWork, quarantine: Quarantine, redis: Redis, ref: str
) -> None:
    await quarantine.put([poison(encode(chunk(OPEN)))])
    (there,) = [f"worker/{entry.id}" async for entry in desk.entries()]

    with pytest.raises(QuarantineRefused):
        await desk.replay([there, ref])

    assert await on_the_stream(redis) == []


async def test_a_batch_is_never_dropped(desk: QuarantineWork) -> None:
    with pytest.raises(HoldsMessages):
        await desk.drop([f"batch/{ASIDE.hex()}"])

    assert len(await desk.batches()) == 1


async def test_the_command_works_in_production_settings_without_the_gateways(
    quarantine: Quarantine,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await quarantine.put([poison(encode(chunk(OPEN)))])
    monkeypatch.setenv("ANGARIUM_WORKER_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'w.db'}")
    monkeypatch.setenv("ANGARIUM_REDIS_URL", redis_url)
    monkeypatch.setenv("ANGARIUM_ENCRYPTION_KEY", "A" * 43 + "=")

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["angarium", "quarantine", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capsys.readouterr().out

    status, out = await asyncio.to_thread(run, "list", "--json")
    listing = json.loads(out)
    assert (status, listing["batches"]) == (0, None)
    (entry,) = listing["entries"]
    assert entry["contract"] == "deliveries.requested/1"
    status, out = await asyncio.to_thread(run, "show", entry["id"])
    assert "chunk 1 of 9" in out
    status, out = await asyncio.to_thread(run, "replay", entry["id"])
    assert (status, out) == (0, f"{entry['id']}  put back\n")
    assert await asyncio.to_thread(run, "drop") == (2, "")
