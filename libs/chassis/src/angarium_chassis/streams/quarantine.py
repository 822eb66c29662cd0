"""Where entries go that cannot be handled: kept with the reason and their bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

from angarium_contracts.stream_names import quarantine
from faststream.redis import RedisBroker

from .broker import redis_of

ENTRIES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Poison:
    """An entry that must not stop its stream."""

    stream: str
    group: str
    entry_id: bytes
    reason: str
    body: bytes


class Quarantine:
    """The quarantine of one service, a stream of at most about 1,000 entries."""

    def __init__(self, broker: RedisBroker, service: str) -> None:
        self._broker = broker
        self._name = quarantine(service)

    async def put(self, entries: Sequence[Poison]) -> None:
        """Move entries out of their streams, in one transaction."""
        async with redis_of(self._broker).pipeline(transaction=True) as pipe:
            for poison in entries:
                pipe.xadd(
                    self._name,
                    {
                        "stream": poison.stream,
                        "entry_id": poison.entry_id,
                        "reason": poison.reason[:500],
                        "body": poison.body,
                    },
                    maxlen=ENTRIES_MAX,
                )
                pipe.xack(poison.stream, poison.group, poison.entry_id)
                pipe.xdel(poison.stream, poison.entry_id)
            await pipe.execute()
