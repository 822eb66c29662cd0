"""Answering the queries that a service gets."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog
from angarium_contracts.contract import Contract, Reader, UnknownVersion, Unreadable, encode
from angarium_contracts.queries import Problem, ProblemCode, Query, Reply
from faststream.redis import RedisBroker

from .broker import redis_of
from .group_reader import GroupReader
from .quarantine import Quarantine
from .received import Received
from .servers import server_time
from .writer import Publication, StreamWriter

REPLIES_MAX = 10_000
REPLIES_EXPIRE_S = 3_600
TIME_ASKED_EVERY_S = 30.0

log = structlog.get_logger()


class QueryServer[T]:
    """Answers the queries of one stream as a member of a group. `run()` until cancelled.

    `answer` executes a query and returns its answer, or a `Problem` for a refusal. The queries of
    a batch are executed concurrently.
    """

    def __init__(
        self,
        broker: RedisBroker,
        *,
        stream: str,
        group: str,
        consumer: str,
        questions: Reader[T],
        answer: Callable[[T], Awaitable[Contract]],
        quarantine: Quarantine,
        clock_ms: Callable[[], int],
        clock_s: Callable[[], float],
    ) -> None:
        self._questions = questions
        self._answer = answer
        self._clock_ms = clock_ms
        self._clock_s = clock_s
        self._broker = broker
        self._stream = stream
        self._ask_time_s = 0.0
        self._redis_ahead_ms = 0
        self._writer = StreamWriter(broker)
        self._entries = GroupReader(
            broker,
            stream=stream,
            group=group,
            consumer=consumer,
            reader=Reader(Query),
            handle=self._on_queries,
            quarantine=quarantine,
            clock_s=clock_s,
            entries_max=32,
        )

    @property
    def running(self) -> bool:
        """True while queries are read."""
        return self._entries.running

    async def run(self) -> None:
        """Answer queries until cancelled."""
        await self._entries.run()

    async def _on_queries(self, received: Sequence[Received[Query]]) -> None:
        now_ms = await self._redis_ms()
        replies = await asyncio.gather(
            *[self._reply(entry.value, now_ms - _added_ms(entry)) for entry in received]
        )
        await self._writer.write([reply for reply in replies if reply is not None], done=received)

    async def _redis_ms(self) -> int:
        """The time by Redis's clock, by which the age of a query is known even if the clocks of the
        services differ. It is asked for every `TIME_ASKED_EVERY_S` and extrapolated between."""
        now_s = self._clock_s()
        if now_s >= self._ask_time_s:
            seconds, micros = await server_time(redis_of(self._broker), self._stream)
            self._redis_ahead_ms = seconds * 1000 + micros // 1000 - int(now_s * 1000)
            self._ask_time_s = now_s + TIME_ASKED_EVERY_S
        return int(now_s * 1000) + self._redis_ahead_ms

    async def _reply(self, query: Query, age_ms: int) -> Publication | None:
        if query.lives_ms:
            expired = age_ms > query.lives_ms
        else:
            expired = query.expires_at_ms < self._clock_ms()
        if expired:
            return None
        answer = await self._carry_out(bytes(query.body))
        reply = Reply(correlation_id=query.correlation_id, body=msgspec.Raw(encode(answer)))
        return Publication(query.reply_to, reply, REPLIES_MAX, REPLIES_EXPIRE_S)

    async def _carry_out(self, body: bytes) -> Contract:
        match self._questions.read(body):
            case UnknownVersion(tag):
                return _problem(f"This service does not know {tag}. Upgrade it first.")
            case Unreadable(reason):
                return _problem(f"The query cannot be read: {reason}")
            case question:
                try:
                    return await self._answer(question)
                except Exception:
                    log.exception("query.failed", question=type(question).__name__)
                    return _problem("The service failed to answer. Try again.")


def _added_ms(entry: Received[Query]) -> int:
    """The time when an entry was added, by Redis's clock, from its id."""
    return int(entry.entry_id.partition(b"-")[0])


def _problem(detail: str) -> Problem:
    return Problem(code=ProblemCode.UNAVAILABLE, detail=detail)
