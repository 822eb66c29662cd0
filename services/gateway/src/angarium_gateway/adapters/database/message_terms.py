"""Keeps the index of messages by their terms: event type, channels and tags.

The index is written in the background, after the roll-ups, and a message costs it nothing on its
way. It consists of blocks: a row says that an application has messages with a term within
`BLOCK_MS`, and which, unless there are many. A block is a hint: whoever reads it checks the
messages themselves. Messages from the position on are not in the index yet.

Terms are hashed with a salt of the database, and blocks of a message that forgets its tags are
corrected, so that no erased tag can be recognised in the index.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import batched
from typing import Any, Final, NamedTuple

from angarium_chassis.database.engine import Database
from angarium_chassis.statistics.database_times import created_at_ms
from angarium_contracts.ids import created_at_ms as ms_of
from angarium_contracts.ids import lowest_id_at
from sqlalchemy import ColumnElement, Row, case, cast, func, literal, select, text, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import LargeBinary

from .message_rollups import order_of_messages
from .message_rows import names_from_text
from .tables import message, rollup_position
from .term_tables import message_term, term_position

BLOCK_MS: Final = 4_096
"""The time that a block spans. A page reads at most the messages of an application within one
block that it does not return."""
IDS_MAX: Final = 100
"""The ids that a block names. It is read as a range if it has more messages."""
ROWS_MAX: Final = 10_000
"""Messages that one transaction puts into the index."""
SLICES_MAX: Final = 10_000
ROWS_PER_STATEMENT: Final = 10_000
ID_BYTES: Final = 16

EVENT_TYPE, CHANNEL, TAG = b"e", b"c", b"t"
"""Kinds of terms."""

_COLUMNS: Final = ("application_id", "term", "id", "messages", "ids")
_ADD: Final = text("""
    insert into message_term as block (application_id, term, id, messages, ids)
    select * from unnest(
        cast(:application_id as bytea[]), cast(:term as bytea[]), cast(:id as bytea[]),
        cast(:messages as integer[]), cast(:ids as bytea[])
    )
    on conflict (application_id, term, id) do update set
        messages = block.messages + excluded.messages,
        ids = case when block.messages + excluded.messages <= :ids_max
            then block.ids || excluded.ids else '' end
""")

type BlockKey = tuple[bytes, bytes, bytes]
"""Application, term, and lowest id of the block."""
type Block = tuple[int, bytes]
"""The number of its messages, and their ids, unless they are too many."""


def block_of(message_id: bytes) -> bytes:
    """The lowest id of the block of a message."""
    return lowest_id_at(ms_of(message_id) // BLOCK_MS * BLOCK_MS)


def end_of(block: bytes) -> bytes:
    """The lowest id after a block."""
    return lowest_id_at(ms_of(block) + BLOCK_MS)


def term_hash(salt: bytes, kind: bytes, text: str) -> bytes:
    """A term as the index has it. Two may have the same hash, as blocks are only hints."""
    return blake2b(kind + text.encode(), digest_size=8, key=salt).digest()


class Terms:
    """Hashes of terms, each computed once."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._known: dict[tuple[bytes, str | None], list[bytes]] = {}

    def of(self, event_type: str, channels: str | None, tags: str | None) -> Iterator[bytes]:
        """The terms of a message, from its columns."""
        yield from self._named(EVENT_TYPE, event_type)
        yield from self._named(CHANNEL, channels)
        yield from self._named(TAG, tags)

    def _named(self, kind: bytes, column: str | None) -> list[bytes]:
        found = self._known.get((kind, column))
        if found is None:
            texts = [column] if kind is EVENT_TYPE else set(names_from_text(column))
            found = [term_hash(self._salt, kind, each) for each in texts if each is not None]
            self._known[kind, column] = found
        return found


class IndexedTo(NamedTuple):
    """How far the index goes; see `term_position`."""

    position: int
    indexed_from: bytes
    salt: bytes


async def indexed_to(connection: AsyncConnection, *, locked: bool = False) -> IndexedTo | None:
    """How far the index goes. `locked`: nobody else changes it until the transaction ends."""
    row = term_position.c
    query = select(row.position, row.indexed_from, row.salt)
    if locked:
        query = query.with_for_update()
    found = (await connection.execute(query)).first()
    return None if found is None else IndexedTo(*found)


class MessageTermIndexer:
    """Puts messages into the index. One process at a time does; the others find it locked."""

    def __init__(self, database: Database, *, rows_max: int = ROWS_MAX) -> None:
        self._database = database
        self._order = order_of_messages(database)
        self._rows_max = rows_max

    async def turn(self) -> None:
        """Index everything that the roll-ups have counted: no message below their position can
        appear any more. Raises the errors in `CONNECTION_ERRORS`."""
        for _ in range(SLICES_MAX):
            if not await self._waits() or not await self._slice():
                break

    async def _waits(self) -> bool:
        counted = select(rollup_position.c.position).where(rollup_position.c.ledger == message.name)
        query = select(term_position.c.position < counted.scalar_subquery())
        async with self._database.reading.connect() as connection:
            return bool(await connection.scalar(query))

    async def _slice(self) -> bool:
        """Index the next messages. Returns whether there may be more."""
        held = select(term_position).with_for_update(skip_locked=True)
        async with self._database.engine.begin() as connection:
            own: Any = (await connection.execute(held)).first()
            if own is None:
                return False
            counted: Any = (await connection.execute(self._order.stored)).one()
            end = await self._order.slice_end(
                connection, own.position, counted.position, rows_max=self._rows_max
            )
            if end <= own.position:
                return False
            condition = self._order.within(own.position, end)
            await _write(connection, await _blocks(connection, condition, own))
            await connection.execute(update(term_position).values(position=end))
            return end < int(counted.position)


async def _blocks(
    connection: AsyncConnection, condition: ColumnElement[bool], own: Any
) -> dict[BlockKey, Block]:
    """The number and the ids of messages that fulfil the condition, by block."""
    on_postgres = connection.dialect.name == "postgresql"
    row = message.c
    ids: ColumnElement[Any]
    if on_postgres:
        ids = func.string_agg(row.id, cast(literal(b""), LargeBinary))
    else:
        ids = func.group_concat(func.hex(row.id), "")
    block = created_at_ms(row.id) // BLOCK_MS
    groups = (row.application_id, block, row.event_type, row.channels, row.tags)
    columns = [
        row.application_id,
        func.min(row.id),
        row.event_type,
        row.channels,
        row.tags,
        func.count(),
        case((func.count() <= IDS_MAX, ids)),
    ]
    terms, found = Terms(own.salt), dict[BlockKey, Block]()
    for application_id, lowest, event_type, channels, tags, messages, named in (
        await connection.execute(select(*columns).where(condition).group_by(*groups))
    ).all():
        in_block = block_of(lowest)
        if named is not None and not on_postgres:
            named = bytes.fromhex(named)
        for term in terms.of(event_type, channels, tags):
            key = (bytes(application_id), term, in_block)
            had, their_ids = found.get(key, (0, b""))
            had += messages
            found[key] = (had, their_ids + named if named and had <= IDS_MAX else b"")
    return found


async def _write(connection: AsyncConnection, blocks: Mapping[BlockKey, Block]) -> None:
    """Add these blocks to those that are there."""
    # In the order of the index, so that rows of one page of it come together.
    rows = [(*key, *blocks[key]) for key in sorted(blocks)]
    if connection.dialect.name == "postgresql":
        for some in batched(rows, ROWS_PER_STATEMENT):
            columns = dict(zip(_COLUMNS, map(list, zip(*some, strict=True)), strict=True))
            await connection.execute(_ADD, {**columns, "ids_max": IDS_MAX})
        return
    statement = sqlite.insert(message_term)
    new, row = statement.excluded, message_term.c
    messages = row.messages + new.messages
    # SQLite gives text when it concatenates.
    joined = cast(row.ids.op("||")(new.ids), LargeBinary)
    statement = statement.on_conflict_do_update(
        index_elements=["application_id", "term", "id"],
        set_={"messages": messages, "ids": case((messages <= IDS_MAX, joined), else_=b"")},
    )
    if rows:
        await connection.execute(
            statement, [dict(zip(_COLUMNS, each, strict=True)) for each in rows]
        )


def split_ids(ids: bytes) -> Iterable[bytes]:
    """The ids of a block."""
    return (ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES))


def is_named(block: Row[Any]) -> bool:
    """True if a block names its messages; otherwise it has too many."""
    return bool(block.messages <= IDS_MAX)
