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
from faststream.redis.message import bDATA_KEY

from .connections import connection_of
from .received import Received
from .stream_connection import Command

CONCURRENT_MAX = 8
"""Writes of one writer that wait for their answers; further writes wait for their turn."""


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
        self._connection = connection_of(broker)
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
        commands: list[Command] = [_append(publication) for publication in publications]
        commands += [
            ("EXPIRE", publication.stream, publication.expires_s)
            for publication in publications
            if publication.expires_s is not None
        ]
        for (stream, group), entries in finished.items():
            ids = [entry.entry_id for entry in entries]
            commands.append(("XACK", stream, group, *ids))
            commands.append(("XDEL", stream, *ids))
        async with self._free:
            # A single command is atomic without MULTI and EXEC, which cost Redis two more commands.
            if len(commands) > 1:
                results = await self._connection.execute_atomically(commands)
            else:
                results = await self._connection.execute(commands)
        for entries in finished.values():
            entries[0].leases.release(entry.entry_id for entry in entries)
        return results[: len(publications)]


def _append(publication: Publication) -> Command:
    body = encode(publication.contract)
    if publication.entries_max is None:
        return ("XADD", publication.stream, "*", bDATA_KEY, body)
    # About so many, because Redis then removes whole nodes of the stream.
    bound = ("MAXLEN", "~", publication.entries_max)
    return ("XADD", publication.stream, *bound, "*", bDATA_KEY, body)
