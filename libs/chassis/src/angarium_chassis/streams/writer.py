"""Publishes and acknowledges entries in one round trip and one transaction.

In a cluster, that is so for the entries of each slot. The slot of the acknowledgements comes last,
so that an entry is only acknowledged once everything that follows from it is published.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from angarium_contracts.contract import Contract, encode
from faststream.redis import RedisBroker

from .broker import redis_of
from .received import Received

CONCURRENT_MAX = 8
"""Concurrent writes of one writer, each on its own connection; further writes wait."""


@dataclass(frozen=True, slots=True)
class Publication:
    """An entry to append.

    The stream keeps about `entries_max` entries. The whole stream is deleted `expires_s` after the
    latest write.
    """

    stream: str
    contract: Contract
    entries_max: int | None = None
    expires_s: int | None = None


class StreamWriter:
    """Writes to streams.

    Raises redis-py's errors. Then none of the call was executed or, if the connection was lost
    before the response, all of it. In a cluster, entries may be published then, in other slots than
    that of the acknowledgements.
    """

    def __init__(self, broker: RedisBroker) -> None:
        self._broker = broker
        self._free = asyncio.Semaphore(CONCURRENT_MAX)

    async def write(
        self, publications: Sequence[Publication], done: Iterable[Received[Any]] = ()
    ) -> list[bytes]:
        """Append `publications`, and acknowledge and delete `done`, all or nothing (in a
        cluster, of each slot).

        Returns the ids of the new entries in order.
        """
        finished: defaultdict[tuple[str, str], list[Received[Any]]] = defaultdict(list)
        for received in done:
            finished[received.stream, received.group].append(received)
        # A single command is atomic without MULTI and EXEC, which cost Redis two more commands.
        several = len(publications) > 1 or bool(finished) or _expires(publications)
        async with self._free, redis_of(self._broker).pipeline(transaction=several) as pipe:
            for publication in publications:
                await self._broker.publish(
                    encode(publication.contract),
                    stream=publication.stream,
                    maxlen=publication.entries_max,
                    pipeline=pipe,
                )
            for publication in publications:
                if publication.expires_s is not None:
                    pipe.expire(publication.stream, publication.expires_s)
            for (stream, group), entries in finished.items():
                ids = [entry.entry_id for entry in entries]
                pipe.xack(stream, group, *ids)
                pipe.xdel(stream, *ids)
            results = await pipe.execute()
        for entries in finished.values():
            entries[0].leases.release(entry.entry_id for entry in entries)
        return results[: len(publications)]


def _expires(publications: Sequence[Publication]) -> bool:
    return any(publication.expires_s is not None for publication in publications)
