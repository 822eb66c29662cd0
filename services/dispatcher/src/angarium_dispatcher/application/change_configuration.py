"""Carrying out one change of the configuration, and telling everybody who keeps a copy."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from .configuration_store import Change, ConfigurationStore, DirectoryChange


class Announcer(Protocol):
    """Tells the other services. Never raises for a stream that is down: they notice the gap
    at the next heartbeat."""

    async def announce(self, change: DirectoryChange) -> None: ...


class Remembered(Protocol):
    """What this process keeps in memory for dispatching."""

    def forget(self, application_id: bytes) -> None: ...

    def forget_tenants(self, tenant_ids: Collection[bytes]) -> None: ...


class ConfigurationChanges:
    """Runs changes one after another: in the transaction, then what has to follow it.

    The database lets one change run at a time anyway. Waiting here instead of there keeps
    this process's announcements in the order of versions, and its connections free.
    """

    def __init__(
        self,
        store: ConfigurationStore,
        announcer: Announcer,
        remembered: Remembered,
        wake_outbox: Callable[[], None],
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._remembered = remembered
        self._wake_outbox = wake_outbox
        self._one_at_a_time = asyncio.Lock()

    async def make[T](self, work: Callable[[Change], Awaitable[T]]) -> T:
        """Run `work` in a transaction. Once it is committed, recipients are read anew and the
        change is announced; only then the caller goes on. Operational events are passed on
        beside that. A `work` that raises changes nothing."""
        async with self._one_at_a_time:
            async with self._store.change() as change:
                result = await work(change)
            made, aftermath = change.made(), change.aftermath()
            if aftermath.rescheduled:
                self._remembered.forget_tenants(aftermath.rescheduled)
            if aftermath.told:
                self._wake_outbox()
            if made is not None:
                for application in made.applications:
                    self._remembered.forget(application.id)
                await self._announcer.announce(made)
        return result
