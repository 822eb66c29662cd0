"""Queries to other services: one reply stream per process, replies matched by correlation id."""

import asyncio
import itertools
from collections.abc import Callable, Sequence

import msgspec
from angarium_contracts.contract import Contract, Reader, UnknownVersion, Unreadable, encode
from angarium_contracts.queries import Problem, ProblemCode, Query, Reply
from angarium_contracts.stream_names import replies
from faststream.redis import RedisBroker
from redis.exceptions import RedisError

from .tail_reader import TailReader
from .writer import Publication, StreamWriter

FOR_OLDER_SERVERS_MS = 24 * 3_600 * 1_000
"""Life of a query for servers that compare it with their own clock, which may be hours off."""
WAITING_MAX = 1_000
QUEUE_ENTRIES_MAX = 10_000


class QueryClient:
    """Sends queries and commands, and waits for their answers. `run()` receives the answers.

    An answer is the other service's value or a `Problem`. If none arrives in time, or too many
    queries wait already, it is a `Problem` with the code `UNAVAILABLE`.
    """

    def __init__(
        self,
        broker: RedisBroker,
        *,
        replica: str,
        clock_ms: Callable[[], int],
        timeout_s: float = 5.0,
    ) -> None:
        self._writer = StreamWriter(broker)
        self._reply_to = replies(replica)
        self._clock_ms = clock_ms
        self._timeout_s = timeout_s
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._replies = TailReader(
            broker, stream=self._reply_to, reader=Reader(Reply), handle=self._on_replies, trim=True
        )

    @property
    def running(self) -> bool:
        """True while answers can be received."""
        return self._replies.running

    async def run(self) -> None:
        """Receive answers until cancelled."""
        await self._replies.run()

    async def ask[T](self, stream: str, question: Contract, answers: Reader[T]) -> T | Problem:
        """Send `question` to the service that reads `stream`, and decode its answer with
        `answers`."""
        if len(self._waiting) >= WAITING_MAX:
            return _unavailable("Too many requests are waiting for an answer.")
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        query = Query(
            correlation_id=number,
            reply_to=self._reply_to,
            expires_at_ms=self._clock_ms() + FOR_OLDER_SERVERS_MS,
            body=msgspec.Raw(encode(question)),
            lives_ms=int(self._timeout_s * 1000),
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._writer.write([Publication(stream, query, QUEUE_ENTRIES_MAX)])
                return _read(answers, await answer)
        except (TimeoutError, RedisError, OSError):
            return _unavailable("The service that answers this is not reachable.")
        finally:
            del self._waiting[number]

    async def _on_replies(self, received: Sequence[Reply]) -> None:
        for reply in received:
            answer = self._waiting.get(reply.correlation_id)
            if answer is not None and not answer.done():
                answer.set_result(reply.body)


_problems = Reader(Problem)


def _read[T](answers: Reader[T], body: msgspec.Raw) -> T | Problem:
    match answers.read(bytes(body)):
        case UnknownVersion() | Unreadable():
            match _problems.read(bytes(body)):
                case Problem() as problem:
                    return problem
                case _:
                    return _unavailable("The answer is of another version.")
        case answer:
            return answer


def _unavailable(detail: str) -> Problem:
    return Problem(code=ProblemCode.UNAVAILABLE, detail=f"{detail} Try again.")
