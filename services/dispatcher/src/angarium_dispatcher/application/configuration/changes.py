"""Running one change of the configuration, and the effects that follow its commit."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from .store import Change, ConfigurationStore, DirectoryChange


class Announcer(Protocol):
    """Publishes directory changes to the other services.

    Never raises for a stream that is down: the other services notice the gap at the next
    heartbeat.
    """

    async def announce(self, change: DirectoryChange) -> None: ...

    async def announce_policies(self, tenant_ids: Collection[bytes], version: int) -> None:
        """Publish that the policies, schedules or schemas of these tenants changed."""


class DispatchCache(Protocol):
    """Configuration that this process holds in memory for dispatching."""

    def forget(self, application_id: bytes) -> None: ...

    def forget_tenants(self, tenant_ids: Collection[bytes]) -> None: ...


class ConfigurationChanges:
    """Runs changes one at a time, each in a transaction, then its effects.

    The database admits one change at a time anyway (see `ConfigurationStore.change`). Waiting
    for the lock here rather than there keeps this process's announcements in the order of
    versions, without which every reader would see a gap and re-synchronize, and leaves the
    connections of the pool to the readers.
    """

    def __init__(
        self,
        store: ConfigurationStore,
        announcer: Announcer,
        cache: DispatchCache,
        wake_outbox: Callable[[], None],
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._cache = cache
        self._wake_outbox = wake_outbox
        self._one_at_a_time = asyncio.Lock()

    async def apply[T](self, work: Callable[[Change], Awaitable[T]]) -> T:
        """Run `work` in a transaction and return its result.

        Returns after the commit, once the cached recipients are dropped and the change is
        announced; operational events are sent in the background. A `work` that raises changes
        nothing.
        """
        async with self._one_at_a_time:
            async with self._store.change() as change:
                result = await work(change)
            # Caches are dropped before the caller is answered and before the announcement can
            # wait for Redis: a message that the client posts next must not meet an old filter.
            directory_change, effects = change.directory_change(), change.post_commit_effects()
            if effects.rescheduled_tenants:
                self._cache.forget_tenants(effects.rescheduled_tenants)
            if effects.events_recorded:
                self._wake_outbox()
            if directory_change is not None:
                for application in directory_change.applications:
                    self._cache.forget(application.id)
                await self._announcer.announce(directory_change)
            if effects.rescheduled_tenants:
                await self._announcer.announce_policies(
                    effects.rescheduled_tenants, effects.policy_version
                )
        return result
