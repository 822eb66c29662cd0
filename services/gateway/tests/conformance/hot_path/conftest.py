"""The gateway's tables on both engines, and messages to put into them."""

import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_gateway.adapters.database.postgres_journal import PostgresJournal
from angarium_gateway.adapters.database.sqlite_journal import SqliteJournal
from angarium_gateway.adapters.database.tables import batch
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.domain.messages import NewMessage
from msgspec.structs import replace as changed
from sqlalchemy import Row, select

type AnyJournal = PostgresJournal | SqliteJournal

OWNER = "0123456789abcdef0123456789abcdef"
TENANT, APPLICATION = b"t" * 16, b"a" * 16
KEY_LIFE_US = 1_000_000
_numbers = itertools.count(1)


class Clock:
    """Unix time in microseconds, as the test sets it."""

    def __init__(self) -> None:
        self.now_us = 1_800_000_000_000_000

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def journal(database: Database, clock: Clock) -> AsyncIterator[AnyJournal]:
    opened = open_journal(database, clock)
    yield opened
    await opened.close()


def open_journal(database: Database, clock: Clock) -> AnyJournal:
    kind = PostgresJournal if database.on_postgres else SqliteJournal
    return kind(database, clock_us=clock, key_life_us=KEY_LIFE_US)


def new_id() -> bytes:
    return next(_numbers).to_bytes(16)


def a_message(**more: Any) -> NewMessage:
    return changed(NewMessage(new_id(), TENANT, APPLICATION, "a.b", b'{"a": 1}'), **more)


def a_batch(*messages: NewMessage, **more: Any) -> NewBatch:
    return replace(NewBatch(new_id(), OWNER, 0, False, messages or (a_message(),)), **more)


async def batch_rows(database: Database) -> dict[bytes, Row[Any]]:
    async with database.reading.connect() as connection:
        rows = await connection.execute(select(batch).order_by(batch.c.id))
        return {bytes(row.id): row for row in rows}


def message_ids(row: Row[Any]) -> Sequence[bytes]:
    refs = bytes(row.message_refs)
    assert len(refs) % 32 == 0
    return [refs[start + 16 : start + 32] for start in range(0, len(refs), 32)]
