"""The endpoints of applications and the retry schedules of their messages, in memory: a
bounded cache, kept current by version.

What keeps it current is the version that the gateway stamps on every message: a client that
changed an endpoint has its application's new version in the gateway's copy before it is
answered, so its next message makes every dispatcher read again. This process's own changes
are forgotten at once. Following `directory.changed` as well would only make messages of
gateways see a change earlier whose own copies do not know of it yet, at the price of one
more reader and of a second way to be stale.

Schedules belong to the tenant (its policy, its event types), and changing one leaves its
applications' versions alone: there may be a hundred thousand of them. This process forgets
the tenant's applications as soon as its own change is committed, before it is answered; other
dispatchers learn of it from the database (`PolicyWatch`), and keep the old schedule for at
most 5 s (longer while they cannot read the database). It is the schedule at the time of
dispatch that a message keeps for its retries.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from angarium_dispatcher.domain.matching import Recipients

from .shared_schedules import SharedSchedules

type ReadRecipients = Callable[[Sequence[bytes]], Awaitable[Mapping[bytes, Recipients]]]
"""Reads the recipients of applications in one query; unknown ones are left out."""


class RecipientsCache:
    """The least recently used go when there are more than `applications_max`, or when all
    together weigh more than `weight_max` (an endpoint, each name in its filters, an event type
    with a schedule and each delay are 1; a schedule that many have counts once)."""

    def __init__(self, read: ReadRecipients, *, applications_max: int, weight_max: int) -> None:
        self._read = read
        self._applications_max = applications_max
        self._weight_max = weight_max
        self._weight = 0
        self._schedules = SharedSchedules()
        self._cached: OrderedDict[bytes, Recipients] = OrderedDict()
        self._reading: dict[bytes, asyncio.Future[Recipients]] = {}
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._cached)

    @property
    def weight(self) -> int:
        """What the cached recipients and their schedules weigh."""
        return self._weight + self._schedules.weight

    def forget(self, application_id: bytes) -> None:
        """The application changed: read it again at its next message."""
        self._reading.pop(application_id, None)
        self._drop(application_id)

    def forget_tenants(self, tenant_ids: Collection[bytes]) -> None:
        """Schedules of these tenants changed: read their applications again. Whose are those
        that are being read is not known yet, so none of these reads is kept."""
        self._reading.clear()
        for application_id, recipients in tuple(self._cached.items()):
            if recipients.tenant_id in tenant_ids:
                self._drop(application_id)

    def cached(self, application_id: bytes, version: int) -> Recipients | None:
        """What is known of the application, if at least as new as `version`."""
        recipients = self._cached.get(application_id)
        if recipients is None or recipients.version < version:
            return None
        self._cached.move_to_end(application_id)
        return recipients

    async def get(self, versions: Mapping[bytes, int]) -> dict[bytes, Recipients]:
        """The recipients of these applications, each at least as new as its version.

        What is missing is read with one query, and by one caller where several miss the same
        application. An unknown or deleted application has none. Raises what the read raises.
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
        recipients.schedules = self._schedules.take(recipients.schedules)
        self._cached[application_id] = recipients
        self._weight += recipients.weight
        while len(self._cached) > 1 and (
            len(self._cached) > self._applications_max or self.weight > self._weight_max
        ):
            self._drop(next(iter(self._cached)))

    def _drop(self, application_id: bytes) -> None:
        dropped = self._cached.pop(application_id, None)
        if dropped is not None:
            self._weight -= dropped.weight
            self._schedules.give_back(dropped.schedules)


def _at_least(recipients: Recipients | None, version: int) -> Recipients:
    """What stands in the database counts, even if the message claims a newer version: only a
    database restored from an old backup is behind its messages, and reading again for each
    of them would not help."""
    if recipients is None:
        return Recipients(version)
    recipients.version = version
    return recipients


async def _outcome(being_read: asyncio.Future[Recipients]) -> Recipients | None:
    """None when that reader failed: then read yourself."""
    await asyncio.wait([being_read])
    return None if being_read.cancelled() else being_read.result()
