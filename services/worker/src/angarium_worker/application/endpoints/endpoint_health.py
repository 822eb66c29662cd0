"""Tracking how long endpoints have been failing; one that fails for too long is disabled."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice

import structlog
from angarium_chassis.backoff import Backoff, repeat_with_backoff
from angarium_contracts.directory import EndpointState
from angarium_contracts.ids import ENDPOINT, format_id

from angarium_worker.application.ledger.records import StorageDown
from angarium_worker.domain.endpoint_health import DisableRule

from .endpoint_owner import EndpointOwner, GoneEndpoint
from .failing_endpoints import HealthRow, HealthRows

ENDPOINTS_MAX = 20_000
ROWS_PER_SAVE_MAX = 500
GATHER_S = 1.0
RETRY_S_MIN = 0.5
RETRY_S_MAX = 30.0

log = structlog.get_logger()


class _Failing:
    """A failing endpoint. `unsaved_us`: its first failure that is not on record yet, 0 without;
    `save_at_us`: before that, no failure is worth a write."""

    __slots__ = (
        "application_id",
        "last_us",
        "save_at_us",
        "since_us",
        "tenant_id",
        "unsaved_us",
        "version",
    )

    def __init__(self, tenant_id: bytes, application_id: bytes, version: int, at_us: int) -> None:
        self.tenant_id = tenant_id
        self.application_id = application_id
        self.version = version
        self.since_us = at_us
        self.last_us = at_us
        self.unsaved_us = at_us
        self.save_at_us = 0


class EndpointHealth:
    """Records failures, and successes of endpoints that were failing. `run()` until cancelled.

    Memory holds at most `endpoints_max` failing endpoints; what it holds is written down in
    batches, at most once a minute for an endpoint. Another worker may have had a success that
    this one has not seen, so an endpoint's attempts are read before it is disabled. Any change of
    an endpoint by its owner resets its record. `clock_ns` is Unix time.
    """

    def __init__(
        self,
        rows: HealthRows,
        owner: EndpointOwner,
        rule: DisableRule,
        *,
        clock_ns: Callable[[], int],
        endpoints_max: int = ENDPOINTS_MAX,
        gather_s: float = GATHER_S,
        retry_s_min: float = RETRY_S_MIN,
    ) -> None:
        self._rows = rows
        self._owner = owner
        self._rule = rule
        self._clock_ns = clock_ns
        self._endpoints_max = endpoints_max
        self._gather_s = gather_s
        self._retry_s_min = retry_s_min
        self._save_every_us = int(rule.look_every_s * 1_000_000)
        self._failing: dict[bytes, _Failing] = {}
        self._unsaved: dict[bytes, _Failing] = {}
        self._recovered: set[bytes] = set()
        self._suspects: dict[bytes, _Failing] = {}
        self._loaded = False
        self._changed = asyncio.Event()
        self._suspected = asyncio.Event()

    @property
    def any_failing(self) -> bool:
        """True while any endpoint is failing, so that successes must be reported."""
        return bool(self._failing)

    @property
    def failing_total(self) -> int:
        """The number of endpoints that this process knows to be failing."""
        return len(self._failing)

    def failed(
        self, endpoint_id: bytes, tenant_id: bytes, application_id: bytes, version: int
    ) -> None:
        """An attempt of this endpoint failed, with this version of its configuration."""
        now_us = self._clock_ns() // 1_000
        failing = self._failing.get(endpoint_id)
        if failing is None or failing.version < version:
            failing = _Failing(tenant_id, application_id, version, now_us)
            self._remember(endpoint_id, failing)
        elif version < failing.version:
            return
        failing.last_us = now_us
        failing.unsaved_us = failing.unsaved_us or now_us
        if now_us >= failing.save_at_us:
            self._unsaved[endpoint_id] = failing
            self._changed.set()

    def succeeded(self, endpoint_id: bytes) -> None:
        """An attempt of this endpoint succeeded."""
        if endpoint_id in self._failing:
            self._forget(endpoint_id)

    def changed(self, endpoints: Sequence[EndpointState]) -> None:
        """Reset the record of endpoints that their owner changed."""
        for state in endpoints:
            failing = self._failing.get(state.id)
            if failing is not None and failing.version < state.version:
                self._forget(state.id)

    async def run(self) -> None:
        """Save records and disable endpoints until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(self._save_records))
            tasks.create_task(self._repeat(self._disable_suspects))

    def _remember(self, endpoint_id: bytes, failing: _Failing) -> None:
        self._failing[endpoint_id] = failing
        if len(self._failing) > self._endpoints_max:
            # Its next failure comes back to what is on record.
            longest_known = next(iter(self._failing))
            del self._failing[longest_known]
            self._unsaved.pop(longest_known, None)

    def _forget(self, endpoint_id: bytes) -> None:
        del self._failing[endpoint_id]
        self._unsaved.pop(endpoint_id, None)
        if len(self._recovered) < self._endpoints_max:
            self._recovered.add(endpoint_id)
            self._changed.set()

    async def _repeat(self, step: Callable[[], Awaitable[bool]]) -> None:
        """Repeat a step; back off while the database or the owner cannot be reached."""

        async def attempt() -> bool:
            try:
                return await step()
            except StorageDown as error:
                log.warning("endpoint_health.not_stored", error=str(error)[:300])
                return False

        await repeat_with_backoff(attempt, Backoff(self._retry_s_min, RETRY_S_MAX))

    async def _save_records(self) -> bool:
        if not self._loaded:
            self.take_over(await self._rows.load(self._endpoints_max))
            self._loaded = True
        await self._changed.wait()
        await asyncio.sleep(self._gather_s)
        self._changed.clear()
        unsaved = dict(islice(self._unsaved.items(), ROWS_PER_SAVE_MAX))
        # Of an endpoint that recovered and fails again, the deletion goes with the new row, and
        # before it: a deletion in a later write would remove the new row.
        recovered = self._recovered & unsaved.keys()
        recovered.update(islice(self._recovered - recovered, ROWS_PER_SAVE_MAX))
        self._recovered -= recovered
        rows = [self._row(endpoint_id, failing) for endpoint_id, failing in unsaved.items()]
        for endpoint_id, failing in unsaved.items():
            del self._unsaved[endpoint_id]
            failing.unsaved_us = 0
        try:
            stored = await self._rows.save(rows, recovered)
        except BaseException:
            self._put_back(rows, unsaved, recovered)
            raise
        self._saved(stored, unsaved)
        if self._unsaved or self._recovered:
            self._changed.set()
        return True

    def take_over(self, rows: Sequence[HealthRow]) -> None:
        """Take in what other processes recorded, so that a success here ends it."""
        for row in rows:
            if row.endpoint_id in self._failing:
                continue  # the write of its failure finds what is on record
            failing = _Failing(row.tenant_id, row.application_id, row.version, row.failing_since_us)
            failing.unsaved_us, failing.last_us = 0, row.last_failure_us
            self._remember(row.endpoint_id, failing)
            self._suspect_if_failing_long(row.endpoint_id, failing)

    def recovered_elsewhere(self, endpoint_ids: Iterable[bytes]) -> None:
        """These are no longer on record: forget those of which nothing is left to write."""
        for endpoint_id in endpoint_ids:
            failing = self._failing.get(endpoint_id)
            if failing is not None and not failing.unsaved_us:
                del self._failing[endpoint_id]

    def _row(self, endpoint_id: bytes, failing: _Failing) -> HealthRow:
        return HealthRow(
            endpoint_id,
            failing.tenant_id,
            failing.application_id,
            failing.version,
            failing.unsaved_us,
            failing.last_us,
        )

    def _put_back(
        self, rows: Sequence[HealthRow], unsaved: dict[bytes, _Failing], recovered: set[bytes]
    ) -> None:
        for row in rows:
            failing = unsaved[row.endpoint_id]
            failing.unsaved_us = row.failing_since_us
            if self._failing.get(row.endpoint_id) is failing:
                self._unsaved[row.endpoint_id] = failing
        self._recovered |= recovered
        self._changed.set()

    def _saved(self, stored: Sequence[HealthRow], written: dict[bytes, _Failing]) -> None:
        for row in stored:
            failing = written[row.endpoint_id]
            if self._failing.get(row.endpoint_id) is failing and row.version == failing.version:
                failing.since_us = row.failing_since_us
                failing.save_at_us = failing.last_us + self._save_every_us
                self._suspect_if_failing_long(row.endpoint_id, failing)

    def _suspect_if_failing_long(self, endpoint_id: bytes, failing: _Failing) -> None:
        if self._rule.suspects(failing.since_us, failing.last_us):
            self._suspects[endpoint_id] = failing
            self._suspected.set()

    async def _disable_suspects(self) -> bool:
        await self._suspected.wait()
        if not self._suspects:
            self._suspected.clear()
            return True
        endpoint_id, failing = next(iter(self._suspects.items()))
        if self._failing.get(endpoint_id) is failing and not await self._try(endpoint_id, failing):
            return False
        if self._suspects.get(endpoint_id) is failing:
            del self._suspects[endpoint_id]
        return True

    async def _try(self, endpoint_id: bytes, failing: _Failing) -> bool:
        """Disable the endpoint if its attempts say so too; False: no answer now."""
        run = await self._rows.failures_since(endpoint_id, failing.since_us)
        if self._failing.get(endpoint_id) is not failing:
            return True
        if run is None:
            self._forget(endpoint_id)
            return True
        if run.since_us > failing.since_us:
            self._begin_at(endpoint_id, failing, run.since_us)
        if not self._rule.condemns(run):
            return True
        since = datetime.fromtimestamp(run.since_us / 1_000_000, UTC)
        reason = f"failing since {since:%Y-%m-%dT%H:%M:%SZ} without a success"
        gone = GoneEndpoint(failing.tenant_id, failing.application_id, endpoint_id, failing.version)
        if not await self._owner.disable(gone, reason, since):
            log.info("endpoint.not_disabled_yet", endpoint_id=format_id(ENDPOINT, endpoint_id))
            return False
        log.info("endpoint.disabled", endpoint_id=format_id(ENDPOINT, endpoint_id), reason=reason)
        return True

    def _begin_at(self, endpoint_id: bytes, failing: _Failing, since_us: int) -> None:
        """Another worker had a success before: what is on record is replaced."""
        failing.since_us = failing.unsaved_us = since_us
        self._unsaved[endpoint_id] = failing
        self._recovered.add(endpoint_id)
        self._changed.set()
