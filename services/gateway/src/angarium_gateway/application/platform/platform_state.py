"""The state of the platform at one moment, as far as Redis and the gateway's database show it."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from angarium_chassis.examination.group_state import GroupState
from angarium_chassis.examination.process_state import ProcessState

from angarium_gateway.application.unavailable import JournalUnavailable, StreamUnavailable

PART_TIMEOUT_S: Final = 3.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RedisServer:
    """The Redis or Valkey server. `memory_bytes_max` None: without a limit."""

    name: str
    version: str
    memory_bytes: int
    memory_bytes_max: int | None
    clients: int
    uptime_s: int


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes that have described themselves, and the time by Redis's clock."""

    states: Sequence[ProcessState]
    now_ms: int


class StreamsView(Protocol):
    """What Redis shows. Every method raises `StreamUnavailable`."""

    async def processes(self) -> Processes:
        """The processes of the last hour."""
        ...

    async def groups(self) -> Sequence[GroupState]:
        """The streams that services read as groups."""
        ...

    async def server(self) -> RedisServer:
        """The server itself."""
        ...

    async def quarantined(self) -> Mapping[str, int]:
        """The number of entries in quarantine, by service."""
        ...


@dataclass(frozen=True, slots=True)
class Backlog:
    """The journal's open batches and overdue messages. Counts stop at 10,000.

    `oldest_open_s` is the age of the oldest open batch, and `late_s` how long the first scheduled
    message has been overdue; None: there is none.
    """

    open_batches: int
    oldest_open_s: float | None
    set_aside: int
    late_s: float | None


class BacklogView(Protocol):
    """What the journal shows."""

    async def backlog(self) -> Backlog:
        """The state of the journal. Raises `JournalUnavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class PlatformState:
    """None: this part could not be read in time."""

    processes: Processes | None
    groups: Sequence[GroupState] | None
    backlog: Backlog | None
    server: RedisServer | None
    quarantined: Mapping[str, int] | None


class ReadPlatform:
    """Reads all parts at once."""

    def __init__(self, streams: StreamsView, journal: BacklogView) -> None:
        self._streams = streams
        self._journal = journal

    async def __call__(self) -> PlatformState:
        """The state of the platform, within `PART_TIMEOUT_S`."""
        processes, groups, backlog, server, quarantined = await asyncio.gather(
            in_time(self._streams.processes()),
            in_time(self._streams.groups()),
            in_time(self._journal.backlog()),
            in_time(self._streams.server()),
            in_time(self._streams.quarantined()),
        )
        return PlatformState(processes, groups, backlog, server, quarantined)


async def in_time[T](reading: Awaitable[T]) -> T | None:
    """Return the result of `reading`, or None if it fails or takes longer than `PART_TIMEOUT_S`."""
    try:
        async with asyncio.timeout(PART_TIMEOUT_S):
            return await reading
    except (JournalUnavailable, StreamUnavailable, TimeoutError) as error:
        log.info("platform.not_read", error=str(error) or type(error).__name__)
        return None
