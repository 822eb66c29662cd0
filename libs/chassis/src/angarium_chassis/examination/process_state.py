"""The state of a process, as it has described itself in Redis."""

from typing import Final

import msgspec

SILENT_S: Final = 30.0
"""A living process writes a heartbeat every ten seconds."""


class PoolState(msgspec.Struct, frozen=True):
    """Connections of a pool, of which `in_use` are used at this moment."""

    size: int
    in_use: int


class ProcessState(msgspec.Struct, frozen=True):
    """A process as it has described itself.

    `seen_at_ms` is Unix time by Redis's clock, `started_at_ms` and `clock_ms` by the process's own;
    both were read in the same moment. `key_ids` are the ids of its encryption keys, first that with
    which it encrypts; empty before versions that can have several. `schema` is the newest revision
    that its code knows. `stream_count` is its `ANGARIUM_STREAM_COUNT`.
    """

    service: str
    id: str
    version: str
    host: str
    pid: int
    started_at_ms: int
    clock_ms: int
    seen_at_ms: int
    database_pool: PoolState | None = None
    redis_pool: PoolState | None = None
    memory_bytes: int | None = None
    key_ids: tuple[str, ...] = ()

    @property
    def key_id(self) -> str | None:
        """The id of the key with which it encrypts, if it is known."""
        return self.key_ids[0] if self.key_ids else None

    schema: str | None = None
    stream_count: int | None = None

    @property
    def uptime_s(self) -> float:
        """How long it had been running at its last heartbeat."""
        return max(0, self.clock_ms - self.started_at_ms) / 1_000
