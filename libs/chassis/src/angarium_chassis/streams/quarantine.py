"""Quarantine of entries that cannot be handled, with the reason and their bytes.

No data is only here. The batch of a quarantined entry is still open in the gateway's journal, and
the gateway publishes it again or sets it aside; the sender of a quarantined query has received a
timeout. So a quarantine may be bounded, and may be lost with Redis.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import structlog
from angarium_contracts.stream_names import quarantine
from faststream.redis import RedisBroker
from faststream.redis.message import bDATA_KEY
from redis.asyncio import Redis
from redis.exceptions import RedisError

from .broker import redis_of
from .cluster_client import ClusterClient
from .quarantined_entry import NOT_A_CONTRACT, QuarantinedEntry

ENTRIES_MAX = 1_000
BYTES_MAX = 64 * 1024 * 1024
REASON_LENGTH_MAX = 500
PAGE_ENTRIES = 16
"""Entries read at once; each may have several megabytes."""

_TRIMS_MAX = 20
_REPLAY_LOCK_S = 60
# A script, so that two operators who replay the same entry cannot add it twice. The entry is added
# before it is deleted: if XADD is refused (out of memory, a key of another type), the script ends
# there and the entry stays in the quarantine.
_REPLAY = """
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return false end
local added = redis.call('XADD', KEYS[2], '*', ARGV[2], ARGV[3])
redis.call('XDEL', KEYS[1], ARGV[1])
return added
"""

__all__ = ["NOT_A_CONTRACT", "Poison", "Quarantine", "QuarantineContents", "QuarantinedEntry"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Poison:
    """An entry to quarantine, so that it does not block its stream."""

    stream: str
    group: str
    entry_id: bytes
    reason: str
    body: bytes


class Quarantine:
    """The quarantine of one service: a stream of at most `ENTRIES_MAX` entries and about
    `bytes_max`, from which the oldest entries are dropped."""

    def __init__(self, broker: RedisBroker, service: str, *, bytes_max: int = BYTES_MAX) -> None:
        self._broker = broker
        self._name = quarantine(service)
        self._bytes_max = bytes_max

    async def put(self, entries: Sequence[Poison]) -> None:
        """Move entries from their streams into the quarantine, in one transaction."""
        async with redis_of(self._broker).pipeline(transaction=True) as pipe:
            for poison in entries:
                pipe.xadd(
                    self._name,
                    {
                        "stream": poison.stream,
                        "entry_id": poison.entry_id,
                        "reason": poison.reason[:REASON_LENGTH_MAX],
                        "body": poison.body,
                    },
                    maxlen=ENTRIES_MAX,
                )
                pipe.xack(poison.stream, poison.group, poison.entry_id)
                pipe.xdel(poison.stream, poison.entry_id)
            await pipe.execute()
        # The entries are moved by now. An error here must not look as if they were not.
        try:
            await self._keep_small()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("quarantine.not_trimmed", error=str(error))

    async def _keep_small(self) -> None:
        redis = redis_of(self._broker)
        for _ in range(_TRIMS_MAX):
            used_bytes = int(await redis.memory_usage(self._name, samples=0) or 0)
            length = int(await redis.xlen(self._name))
            if used_bytes <= self._bytes_max or length <= 1:
                return
            kept = min(length - 1, length * self._bytes_max // used_bytes)
            await redis.xtrim(self._name, maxlen=max(1, kept), approximate=False)


class QuarantineContents:
    """Lists, replays and drops entries in the quarantine of a service. Raises redis-py's errors."""

    def __init__(self, redis: Redis, service: str) -> None:
        self._redis = redis
        self._service = service
        self._name = quarantine(service)

    async def count(self) -> int:
        """The number of entries."""
        return int(await self._redis.xlen(self._name))

    async def entries(self) -> AsyncIterator[QuarantinedEntry]:
        """Iterate over the entries present at the start, oldest first, one page in memory."""
        newest: Any = await self._redis.xrevrange(self._name, count=1)
        if not newest:
            return
        last: bytes = newest[0][0]
        lowest = b"-"
        while True:
            page: Any = await self._redis.xrange(self._name, lowest, last, count=PAGE_ENTRIES)
            for entry_id, fields in page:
                yield self._read(entry_id, fields)
            if len(page) < PAGE_ENTRIES:
                return
            lowest = b"(" + page[-1][0]

    async def in_order(
        self, past: str | None = None, *, descending: bool = True
    ) -> AsyncIterator[QuarantinedEntry]:
        """Iterate over the entries, newest first from before `past` on, or with `descending` false
        oldest first from after it on; one page in memory."""
        at = past
        while True:
            page = await self._page(at, descending=descending)
            for entry_id, fields in page:
                yield self._read(entry_id, fields)
            if len(page) < PAGE_ENTRIES:
                return
            at = page[-1][0].decode()

    async def _page(self, past: str | None, *, descending: bool) -> Any:
        if descending:
            highest = "+" if past is None else f"({past}"
            return await self._redis.xrevrange(self._name, highest, "-", count=PAGE_ENTRIES)
        lowest = "-" if past is None else f"({past}"
        return await self._redis.xrange(self._name, lowest, "+", count=PAGE_ENTRIES)

    async def find(self, entry_id: str) -> QuarantinedEntry | None:
        """Find an entry by its id, which must be well-formed. Returns None without it."""
        found: Any = await self._redis.xrange(self._name, entry_id, entry_id, count=1)
        return self._read(*found[0]) if found else None

    async def replay(self, entry: QuarantinedEntry, body: bytes) -> str | None:
        """Add an entry to its stream again, with `body`, and delete it here, in one step.

        Returns the id of the new entry, or None if the entry is no longer in the quarantine.
        """
        if isinstance(self._redis, ClusterClient):
            return await self._replay_over_slots(entry, body)
        call = self._redis.eval(
            _REPLAY, 2, self._name, entry.stream, entry.id, bDATA_KEY, cast("str", body)
        )
        added: Any = await cast("Any", call)
        return None if added is None else bytes(added).decode()

    async def _replay_over_slots(self, entry: QuarantinedEntry, body: bytes) -> str | None:
        """Replay in a cluster, where no script may use the quarantine and the stream together.

        Who holds the lock is the only one that replays the entry. It ends by itself if this process
        is killed; then the entry may have been added, and stays in the quarantine.
        """
        lock = f"replay:{{{self._name}}}:{entry.id}"
        if not await self._redis.set(lock, b"", nx=True, ex=_REPLAY_LOCK_S):
            return None
        try:
            if await self.find(entry.id) is None:
                return None
            added: Any = await self._redis.xadd(entry.stream, {bDATA_KEY: body})
            await self.drop(entry.id)
        finally:
            await self._redis.delete(lock)
        return bytes(added).decode()

    async def drop(self, entry_id: str) -> bool:
        """Delete an entry. Returns False if it is not in the quarantine."""
        return bool(await self._redis.xdel(self._name, entry_id))

    def _read(self, entry_id: bytes, fields: dict[bytes, bytes]) -> QuarantinedEntry:
        return QuarantinedEntry(
            service=self._service,
            id=entry_id.decode(),
            stream=fields.get(b"stream", b"").decode(errors="replace"),
            entry_id=fields.get(b"entry_id", b"").decode(errors="replace"),
            reason=fields.get(b"reason", b"").decode(errors="replace"),
            body=fields.get(b"body", b""),
        )
