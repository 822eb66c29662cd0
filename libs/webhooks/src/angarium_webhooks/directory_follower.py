"""Keeps a service's copy of the dispatcher's directory up to date."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from angarium_chassis.backoff import Backoff, repeat_with_backoff
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.tail_reader import TailReader
from angarium_contracts.contract import Reader
from angarium_contracts.directory import (
    ApplicationState,
    DirectoryChanged,
    DirectoryPage,
    DirectorySince,
    EndpointState,
)
from angarium_contracts.queries import Problem
from angarium_contracts.stream_names import DIRECTORY_CHANGED, DISPATCHER_QUERIES
from faststream.redis import RedisBroker

RESYNC_RETRY_S = 2.0

log = structlog.get_logger()
_pages = Reader(DirectoryPage)


class DirectoryCopy(Protocol):
    """Storage of a service's copy of the directory."""

    async def version(self) -> int:
        """The directory version up to which the copy is complete; 0 for an empty copy."""

    async def apply(
        self,
        version: int,
        applications: Sequence[ApplicationState],
        endpoints: Sequence[EndpointState],
    ) -> None:
        """Store the states that are newer than the copy's, and set its version to `version`."""


class DirectoryFollower:
    """Applies `directory.changed` to a copy, and asks for missed changes. `run()` until
    cancelled. `on_entry` gets each entry as it comes, heartbeats included."""

    def __init__(
        self,
        broker: RedisBroker,
        queries: QueryClient,
        copy: DirectoryCopy,
        *,
        with_applications: bool = False,
        with_endpoints: bool = False,
        on_entry: Callable[[DirectoryChanged], None] | None = None,
    ) -> None:
        self._on_entry = on_entry
        self._queries = queries
        self._copy = copy
        self._with_applications = with_applications
        self._with_endpoints = with_endpoints
        self._version = 0
        self._complete_at_s = time.monotonic()
        self._behind = asyncio.Event()
        self._changes = TailReader(
            broker,
            stream=DIRECTORY_CHANGED,
            reader=Reader(DirectoryChanged),
            handle=self._on_changes,
            from_now=True,
        )

    @property
    def running(self) -> bool:
        """True while changes are received."""
        return self._changes.running

    @property
    def age_s(self) -> float:
        """Seconds since the copy was known to be complete: since it was made, at first. The
        dispatcher confirms it every few seconds."""
        return time.monotonic() - self._complete_at_s

    async def run(self) -> None:
        """Follow changes until cancelled. Begins with a resync, because changes may have been
        missed while the process was down."""
        self._version = await self._copy.version()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._changes.run())
            tasks.create_task(self._resync_when_behind())

    async def _on_changes(self, changes: Sequence[DirectoryChanged]) -> None:
        for change in changes:
            if self._on_entry is not None:
                self._on_entry(change)
            if change.version <= self._version:
                # That of a change of policies alone has no version.
                if change.version == self._version:
                    self._complete_at_s = time.monotonic()
                continue
            # A gap: applying this change would mark the missing one as applied.
            if change.previous_version > self._version:
                self._behind.set()
                return
            try:
                await self._apply(change.version, change.applications, change.endpoints)
            except Exception:
                self._behind.set()
                raise

    async def _apply(
        self,
        version: int,
        applications: Sequence[ApplicationState],
        endpoints: Sequence[EndpointState],
    ) -> None:
        await self._copy.apply(
            version,
            applications if self._with_applications else (),
            endpoints if self._with_endpoints else (),
        )
        self._version = max(self._version, version)
        self._complete_at_s = time.monotonic()

    async def _resync_when_behind(self) -> None:
        # The position in the stream is fixed before the query: changes in between are received.
        await self._changes.positioned()
        self._behind.set()
        await repeat_with_backoff(self._resync_once, Backoff(RESYNC_RETRY_S, RESYNC_RETRY_S))

    async def _resync_once(self) -> bool:
        await self._behind.wait()
        # Before the question: a gap that is found during it is asked about again.
        self._behind.clear()
        try:
            done = await self._ask_for_all()
        except Exception:
            log.exception("directory.resync_failed")
            done = False
        if not done:
            self._behind.set()
        return done

    async def _ask_for_all(self) -> bool:
        while True:
            question = DirectorySince(
                version=self._version,
                with_applications=self._with_applications,
                with_endpoints=self._with_endpoints,
            )
            match await self._queries.ask(DISPATCHER_QUERIES, question, _pages):
                case Problem(detail=detail):
                    log.info("directory.resync_waits", reason=detail)
                    return False
                case page:
                    await self._apply(page.version, page.applications, page.endpoints)
                    if page.done:
                        return True
