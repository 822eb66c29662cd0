"""Bounded cache of applications' endpoints and retry schedules, kept current by version.

Freshness comes from the version that the gateway stamps on every message. Before a client's
change of an endpoint is answered, the gateway's copy holds the application's new version; the
client's next message carries it, and every dispatcher that has an older version cached reads
again. Changes made by this process drop their entries at once. The cache does not follow
`directory.changed`: that would help only messages of gateways that have not seen the change
themselves, and would add a second source of staleness.

Schedules belong to the tenant (its policy, its event types), and changing one does not change
the versions of its applications, of which there may be a hundred thousand. The process that
makes the change drops the tenant's applications after the commit and before the answer. Other
dispatchers learn of it from the database (`ScheduleWatch`) within 5 s, or later while they
cannot read the database. A message keeps for its retries the schedule in force when it was
dispatched.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from angarium_chassis.lru_cache import LruCache

from angarium_dispatcher.application.dispatch.shared_schedules import SharedSchedules
from angarium_dispatcher.domain.matching import Recipients

type ReadRecipients = Callable[[Sequence[bytes]], Awaitable[Mapping[bytes, Recipients]]]
"""Reads the recipients of applications in one query; unknown ones are left out."""


class RecipientsCache:
    """Least-recently-used cache of recipients, bounded by number and by weight.

    An endpoint, each name in its filters, an event type with a schedule, and each delay weigh
    1; a schedule that several applications share counts once.
    """

    def __init__(self, read: ReadRecipients, *, applications_max: int, weight_max: int) -> None:
        self._read = read
        self._weight_max = weight_max
        self._weight = 0
        self._schedules = SharedSchedules()
        self._cached: LruCache[bytes, Recipients] = LruCache(
            applications_max, on_evict=self._evicted
        )
        self._reading: dict[bytes, asyncio.Future[Recipients]] = {}
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._cached)

    @property
    def weight(self) -> int:
        """Weight of all cached recipients and their schedules."""
        return self._weight + self._schedules.weight

    def forget(self, application_id: bytes) -> None:
        """Drop a changed application, which its next message reads again."""
        # A read that is under way may have begun before the change was committed: its result
        # serves the callers that wait for it, and is not cached.
        self._reading.pop(application_id, None)
        self._drop(application_id)

    def forget_tenants(self, tenant_ids: Collection[bytes]) -> None:
        """Drop the applications of tenants whose schedules changed."""
        # The tenants of the applications under way are unknown until the reads end, so no
        # result of them is cached: one could hold the old schedule until it is evicted.
        self._reading.clear()
        for application_id, recipients in tuple(self._cached.items()):
            if recipients.tenant_id in tenant_ids:
                self._drop(application_id)

    def cached(self, application_id: bytes, version: int) -> Recipients | None:
        """The cached recipients of the application if they are at least as new as `version`."""
        recipients = self._cached.get(application_id)
        if recipients is None or recipients.version < version:
            return None
        self._cached.touch(application_id)
        return recipients

    async def get(self, versions: Mapping[bytes, int]) -> dict[bytes, Recipients]:
        """The recipients of these applications, each at least as new as its version.

        Missing applications are read with one query, and once when several callers miss the
        same one. An unknown or deleted application has no endpoints. Raises what the read
        raises.
        """
        found: dict[bytes, Recipients] = {}
        missing: list[bytes] = []
        for application_id, version in versions.items():
            recipients = self.cached(application_id, version)
            if recipients is None:
                missing.append(application_id)
            else:
                found[application_id] = recipients
        self.hits += len(found)
        if missing:
            self.misses += len(missing)
            found.update(await self._get_missing({each: versions[each] for each in missing}))
        return found

    async def _get_missing(self, versions: Mapping[bytes, int]) -> dict[bytes, Recipients]:
        found: dict[bytes, Recipients] = {}
        for application_id, version in versions.items():
            being_read = self._reading.get(application_id)
            if being_read is not None:
                recipients = await _outcome(being_read)
                if recipients is not None and recipients.version >= version:
                    found[application_id] = recipients
        rest = {each: version for each, version in versions.items() if each not in found}
        if rest:
            found.update(await self._read_now(rest))
        return found

    async def _read_now(self, versions: Mapping[bytes, int]) -> dict[bytes, Recipients]:
        loop = asyncio.get_running_loop()
        promises: dict[bytes, asyncio.Future[Recipients]] = {
            application_id: loop.create_future() for application_id in versions
        }
        self._reading.update(promises)
        found: dict[bytes, Recipients] = {}
        try:
            rows = await self._read(tuple(versions))
            for application_id, version in versions.items():
                recipients = rows.get(application_id)
                if recipients is None or recipients.version < version:
                    recipients = _at_least(recipients, version)
                found[application_id] = recipients
        finally:
            for application_id, promise in promises.items():
                # False after `forget`, or after a later read began: this result may be older
                # than the change, and caching it would hide the change from later messages
                # that carry no newer version.
                current = self._reading.get(application_id) is promise
                if current:
                    del self._reading[application_id]
                if application_id not in found:
                    promise.cancel()
                    continue
                promise.set_result(found[application_id])
                if current:
                    self._keep(application_id, found[application_id])
        return found

    def _keep(self, application_id: bytes, recipients: Recipients) -> None:
        self._drop(application_id)
        recipients.schedules = self._schedules.acquire(recipients.schedules)
        self._weight += recipients.weight
        self._cached.put(application_id, recipients)
        while len(self._cached) > 1 and self.weight > self._weight_max:
            self._cached.evict()

    def _drop(self, application_id: bytes) -> None:
        dropped = self._cached.pop(application_id)
        if dropped is not None:
            self._evicted(application_id, dropped)

    def _evicted(self, _: bytes, recipients: Recipients) -> None:
        self._weight -= recipients.weight
        self._schedules.release(recipients.schedules)


def _at_least(recipients: Recipients | None, version: int) -> Recipients:
    """Recipients under the message's version when the database holds an older one.

    Only a database restored from an old backup is behind the messages. Without this, every
    message would be a miss and read the database again, to the same result.
    """
    if recipients is None:
        return Recipients(version)
    recipients.version = version
    return recipients


async def _outcome(being_read: asyncio.Future[Recipients]) -> Recipients | None:
    """The result of another caller's read; None when it failed and must be repeated."""
    await asyncio.wait([being_read])
    return None if being_read.cancelled() else being_read.result()
