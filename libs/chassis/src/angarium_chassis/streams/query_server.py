"""Answering the queries that a service gets."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog
from angarium_contracts.contract import Contract, Reader, UnknownVersion, Unreadable, encode
from angarium_contracts.queries import Problem, ProblemCode, Query, Reply
from faststream.redis import RedisBroker

from .group_reader import GroupReader
from .quarantine import Quarantine
from .received import Received
from .writer import Publication, StreamWriter

REPLIES_MAX = 10_000
REPLIES_EXPIRE_S = 3_600

log = structlog.get_logger()


class QueryServer[T]:
    """Reads one query stream as a member of a group. `run()` until cancelled.

    `answer` carries out one query and gives its answer, a `Problem` for a refusal. The
    queries of a batch are carried out side by side.
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
        """Whether queries are read."""
        return self._entries.running

    async def run(self) -> None:
        """Answer until cancelled."""
        await self._entries.run()

    async def _on_queries(self, received: Sequence[Received[Query]]) -> None:
        replies = await asyncio.gather(*[self._reply(entry.value) for entry in received])
        await self._writer.write([reply for reply in replies if reply is not None], done=received)

    async def _reply(self, query: Query) -> Publication | None:
        if query.expires_at_ms < self._clock_ms():
            return None
        answer = await self._carry_out(bytes(query.body))
        reply = Reply(correlation_id=query.correlation_id, body=msgspec.Raw(encode(answer)))
        return Publication(query.reply_to, reply, REPLIES_MAX, REPLIES_EXPIRE_S)

    async def _carry_out(self, body: bytes) -> Contract:
        match self._questions.read(body):
            case UnknownVersion(tag):
                return _problem(f"this service does not know {tag}; upgrade it first")
            case Unreadable(reason):
                return _problem(f"unreadable query: {reason}")
            case question:
                try:
                    return await self._answer(question)
                except Exception:
                    log.exception("query.failed", question=type(question).__name__)
                    return _problem("the service failed to answer; try again")


def _problem(detail: str) -> Problem:
    return Problem(code=ProblemCode.UNAVAILABLE, detail=detail)
