"""Publishing `directory.changed`: the changes of each transaction, and the heartbeat."""

import asyncio
from collections.abc import Collection

import structlog
from angarium_chassis.streams.writer import Publication, StreamWriter
from angarium_contracts.directory import DirectoryChanged
from angarium_contracts.stream_names import DIRECTORY_CHANGED
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from angarium_dispatcher.application.configuration.store import (
    ConfigurationReads,
    DirectoryChange,
)

from .wire import application_state, endpoint_state

ENTRIES_MAX = 10_000
STATES_PER_ENTRY_MAX = 200
PUBLISH_TIMEOUT_S = 2.0
HEARTBEAT_S = 5.0

log = structlog.get_logger()


class ChangeAnnouncer:
    """Publishes changes, and from `run()` a heartbeat with the current version.

    A reader that missed an entry, or whose entry was never published, sees from the heartbeat
    that it is behind, and asks for the changes since its own version.
    """

    def __init__(
        self,
        writer: StreamWriter,
        reads: ConfigurationReads,
        *,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._writer = writer
        self._reads = reads
        self._heartbeat_s = heartbeat_s

    async def announce(self, change: DirectoryChange) -> None:
        """Publish a committed change. A failure is logged, and made good by the heartbeat."""
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                await self._publish(*changed_entries(change))
        except (RedisError, OSError) as error:
            log.warning("directory.not_announced", version=change.version, error=str(error))

    async def announce_policies(self, tenant_ids: Collection[bytes], version: int) -> None:
        """Publish that tenants' policies changed. A failure is logged, and made good by the
        heartbeat."""
        entry = DirectoryChanged(0, 0, policy_version=version, policy_tenants=tuple(tenant_ids))
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                await self._publish(entry)
        except (RedisError, OSError) as error:
            log.warning("directory.not_announced", policy_version=version, error=str(error))

    async def run(self) -> None:
        """Publish heartbeats until cancelled."""
        while True:
            await asyncio.sleep(self._heartbeat_s)
            try:
                version = await self._reads.directory_version()
                await self._publish(
                    DirectoryChanged(
                        previous_version=version,
                        version=version,
                        policy_version=await self._reads.policy_version(),
                    )
                )
            except (RedisError, SQLAlchemyError, OSError) as error:
                log.warning("directory.no_heartbeat", error=str(error))

    async def _publish(self, *entries: DirectoryChanged) -> None:
        await self._writer.write(
            [Publication(DIRECTORY_CHANGED, entry, ENTRIES_MAX) for entry in entries]
        )


def changed_entries(
    change: DirectoryChange, *, states_max: int = STATES_PER_ENTRY_MAX
) -> list[DirectoryChanged]:
    """Split a change into consecutive entries of at most `states_max` versions each.

    States of one version stay together (an endpoint and its application): a reader that took
    one entry without the other would count the version as complete.
    """
    versions = sorted(
        {one.version for one in change.applications} | {one.version for one in change.endpoints}
    )
    entries: list[DirectoryChanged] = []
    previous = change.previous_version
    for start in range(0, len(versions), states_max):
        last = versions[min(start + states_max, len(versions)) - 1]
        entries.append(
            DirectoryChanged(
                previous_version=previous,
                version=last,
                applications=tuple(
                    [
                        application_state(one)
                        for one in change.applications
                        if previous < one.version <= last
                    ]
                ),
                endpoints=tuple(
                    [
                        endpoint_state(one)
                        for one in change.endpoints
                        if previous < one.version <= last
                    ]
                ),
            )
        )
        previous = last
    return entries
