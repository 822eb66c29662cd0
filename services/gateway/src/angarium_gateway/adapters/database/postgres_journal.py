"""The journal on Postgres: a whole group commit is one statement, one round trip."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any

from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import STATEMENT_TIMEOUT_MS, Database
from angarium_chassis.database.named_statement import named_statement
from angarium_chassis.database.single_statements import PinnedConnection, PooledStatements

from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.domain.messages import (
    CommitOutcome,
    Committed,
    EarlierRequest,
    EventTaken,
    KeyTaken,
    NewMessage,
)

from .earlier_requests import find_claimed, find_earlier
from .failures import journal_failures
from .message_rows import names_to_text

if TYPE_CHECKING:
    import asyncpg

COMMIT_TIMEOUT_S = STATEMENT_TIMEOUT_MS / 1000 + 5.0
"""The server ends a statement earlier; this bounds the wait for a server that is silent."""

_sql = partial(named_statement, __package__)
_COMMIT = _sql("commit_batch")
_COMMIT_PLAIN = _sql("commit_plain_batch")
_SCHEDULE = _sql("schedule_messages")
_STORED, _KEY_TAKEN = 0, 1
_UNKNOWN_APPLICATION = Committed(0)
_NO_MESSAGES: Sequence[Any] = (b"", b"", b"", b"", "{}", "{}", [])
"""`_own_columns` of none."""


class PostgresJournal:
    """Implements the ports `Journal` and `ScheduledCommits`. `clock_us` is Unix time; keys live
    for `key_life_us`."""

    def __init__(
        self, database: Database, *, clock_us: Callable[[], int], key_life_us: int
    ) -> None:
        self._database = database
        self._connection = PinnedConnection(database.engine)
        self._statements = PooledStatements(database.engine)
        self._clock_us = clock_us
        self._key_life_us = key_life_us

    async def prepare(self) -> None:
        """Open the connection, and prepare both statements of commits on it: a process is then
        ready for its first message. Stores nothing. Raises `JournalUnavailable`."""
        batch = (bytes(16), "", 0, False)

        async def without_messages(driver: "asyncpg.Connection") -> None:
            transaction = driver.transaction()
            await transaction.start()
            try:
                await driver.fetch(_COMMIT_PLAIN, *_NO_MESSAGES, *4 * ([],), *batch, 0, b"", [])
                await driver.fetch(_COMMIT, *_NO_MESSAGES, *8 * ([],), *batch, 0, 0)
            finally:
                await transaction.rollback()

        with journal_failures():
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                await self._connection.call(without_messages)

    async def commit(self, batch: NewBatch) -> Sequence[CommitOutcome]:
        """See the port."""
        messages = batch.messages
        if not any(map(_claims, messages)):
            return await self._commit_plain(batch)
        now_us = self._clock_us()
        with journal_failures():
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                rows = await self._connection.fetch(
                    _COMMIT,
                    *_columns(messages),
                    batch.id,
                    batch.owner,
                    batch.stream_number,
                    batch.published,
                    now_us,
                    now_us - self._key_life_us,
                )
        return _outcomes(rows)

    async def _commit_plain(self, batch: NewBatch) -> Sequence[CommitOutcome]:
        """Commit messages that cannot conflict: without what claims, checks and joins them, the
        statement takes Postgres half the time."""
        messages = batch.messages
        applications = [message.application_id for message in messages]
        with journal_failures():
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                rows = await self._connection.fetch(
                    _COMMIT_PLAIN,
                    *_own_columns(messages),
                    _or_empty([names_to_text(message.channels) for message in messages]),
                    _or_empty([names_to_text(message.tags) for message in messages]),
                    _or_empty([message.trace for message in messages]),
                    _or_empty([message.content_type for message in messages]),
                    batch.id,
                    batch.owner,
                    batch.stream_number,
                    batch.published,
                    sum([message.size_bytes for message in messages]),
                    b"".join([message.application_id + message.id for message in messages]),
                    list(set(applications)),
                )
        known = {row["id"]: Committed(row["version"]) for row in rows}
        return [known.get(each, _UNKNOWN_APPLICATION) for each in applications]

    async def schedule(self, messages: Sequence[NewMessage]) -> Sequence[CommitOutcome]:
        """See the port. Rare beside `commit`, so it borrows a connection each time."""
        now_us = self._clock_us()
        with journal_failures():
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                rows = await self._statements.fetch(
                    _SCHEDULE,
                    *_columns(messages),
                    [message.deliver_at and to_micros(message.deliver_at) for message in messages],
                    now_us,
                    now_us - self._key_life_us,
                )
        return _outcomes(rows)

    async def earlier(self, key_digest: bytes) -> EarlierRequest | None:
        """See the port."""
        return await find_earlier(self._database.engine, key_digest)

    async def claimed(
        self, events: Sequence[tuple[bytes, str]]
    ) -> Mapping[tuple[bytes, str], bytes]:
        """See the port."""
        return await find_claimed(self._database.engine, events)

    async def close(self) -> None:
        """Return the connection to the pool."""
        await self._connection.close()


def _claims(message: NewMessage) -> bool:
    """True if storing the message takes more than its own row."""
    return (
        message.key_digest is not None
        or message.event_id is not None
        or message.payload_expires_at is not None
    )


def _columns(messages: Sequence[NewMessage]) -> list[Any]:
    """The parameters $1 to $15 of the statements. A column in which no message has a value is an
    empty array: asyncpg takes half a microsecond to encode each null."""
    return [
        *_own_columns(messages),
        _or_empty([message.event_id for message in messages]),
        _or_empty([names_to_text(message.channels) for message in messages]),
        _or_empty([names_to_text(message.tags) for message in messages]),
        _or_empty([message.trace for message in messages]),
        _or_empty([message.key_digest for message in messages]),
        _or_empty([message.request_digest for message in messages]),
        _or_empty([message.content_type for message in messages]),
        _or_empty(
            [
                message.payload_expires_at and to_micros(message.payload_expires_at)
                for message in messages
            ]
        ),
    ]


def _own_columns(messages: Sequence[NewMessage]) -> list[Any]:
    """The parameters $1 to $7: what each message has."""
    payloads = [message.payload for message in messages]
    sizes = [len(payload) for payload in payloads]
    starts = accumulate(sizes, initial=1)
    types = [message.event_type for message in messages]
    return [
        b"".join([message.id for message in messages]),
        b"".join([message.application_id for message in messages]),
        b"".join([message.tenant_id for message in messages]),
        b"".join(payloads),
        _integers(starts, len(sizes)),
        _integers(sizes, len(sizes)),
        types[:1] if types.count(types[0]) == len(types) else types,
    ]


def _integers(numbers: Iterable[int], count: int) -> str:
    """The first `count` numbers as the text of an array, which asyncpg encodes in one go."""
    return f"{{{','.join(map(str, islice(numbers, count)))}}}"


def _or_empty(values: list[Any]) -> list[Any]:
    return [] if values.count(None) == len(values) else values


def _outcomes(rows: Sequence["asyncpg.Record"]) -> list[CommitOutcome]:
    """The outcomes in order. Those that are equal are one object."""
    found = {row: _outcome(row["outcome"], row["application_version"]) for row in set(rows)}
    return [found[row] for row in rows]


def _outcome(outcome: int, application_version: int) -> CommitOutcome:
    if outcome == _STORED:
        return Committed(application_version)
    return KeyTaken() if outcome == _KEY_TAKEN else EventTaken()
