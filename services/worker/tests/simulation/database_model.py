"""The worker's ports to its database, over the rows in memory."""

from collections.abc import Callable, Collection, Sequence

from angarium_contracts.directory import EndpointState
from angarium_worker.application.endpoints.failing_endpoints import HealthRow
from angarium_worker.application.lanes.lane_store import HeldLane, LaneRelease, LaneTake
from angarium_worker.application.ledger.manual_ledger import CancelCount
from angarium_worker.application.ledger.records import Record
from angarium_worker.domain.delivery import Delivery, DeliveryKey
from angarium_worker.domain.endpoint_health import FailureRun, RunOfFailures

from .processes import Process, Service
from .stored_rows import StoredRows

SUCCESS = 0


class DatabaseModel:
    """Implements `Ledger`, `Lanes`, `ManualLedger` and `EndpointCopy` for one process.

    `confirmed` is told which records the process knows to be written. Where a call's rows have
    no order, they are put in one: a seed is to give the same run in every process.
    """

    def __init__(
        self,
        process: Process,
        service: Service,
        rows: StoredRows,
        *,
        lease_s: float,
        confirmed: Callable[[Process, Sequence[Record]], None],
    ) -> None:
        self._process = process
        self._service = service
        self._rows = rows
        self._lease_s = lease_s
        self._confirmed = confirmed

    async def _call[T](self, effect: Callable[[], T]) -> T:
        return await self._service.call(self._process, effect)

    async def record(self, records: Sequence[Record]) -> frozenset[DeliveryKey]:
        name, records = self._process.name, tuple(records)
        held = await self._call(lambda: self._rows.record(name, records))
        self._confirmed(self._process, records)
        return held

    async def known(self, keys: Sequence[DeliveryKey]) -> frozenset[DeliveryKey]:
        return await self._call(lambda: self._rows.known(keys))

    async def lease_due(self, *, rows_max: int, bytes_max: int, lease_s: float) -> list[Delivery]:
        return await self._call(lambda: self._rows.lease_due(rows_max, bytes_max, lease_s))

    async def release(self, leased: Sequence[Delivery]) -> None:
        ordered = sorted(leased, key=lambda due: (due.message_id, due.endpoint_id))
        await self._call(lambda: self._rows.release(ordered))

    async def expedite(self, endpoint_id: bytes, *, beyond_s: float) -> None:
        await self._call(lambda: self._rows.expedite(endpoint_id, beyond_s))

    async def next_due_in_s(self) -> float | None:
        return await self._call(self._rows.next_due_in_s)

    async def lease_lanes(self, *, lanes_max: int, lease_s: float) -> list[HeldLane]:
        return await self._call(lambda: self._rows.lease_lanes(lanes_max, lease_s))

    async def take_from_lanes(
        self, takes: Sequence[LaneTake], *, bytes_max: int, lease_s: float
    ) -> list[Delivery]:
        return await self._call(lambda: self._rows.take_from_lanes(takes, bytes_max, lease_s))

    async def release_lanes(self, releases: Sequence[LaneRelease]) -> None:
        await self._call(lambda: self._rows.release_lanes(releases))

    async def wake_lanes(self, endpoint_ids: Sequence[bytes]) -> None:
        await self._call(lambda: self._rows.wake_lanes(endpoint_ids))

    async def mend_lanes(self) -> int:
        return await self._call(lambda: len(self._rows.without_lane()))

    async def next_lane_in_s(self) -> float | None:
        return await self._call(self._rows.next_lane_in_s)

    async def resend(self, rows: Sequence[Delivery], *, only_missing: bool) -> int:
        return await self._call(lambda: self._rows.resend(rows, only_missing, self._lease_s))

    async def cancel(
        self,
        *,
        message_id: bytes | None,
        endpoint_id: bytes | None,
        reason: str,
        by_hand: bool,
        rows_max: int,
        lease_s: float,
    ) -> CancelCount:
        return await self._call(
            lambda: self._rows.cancel(message_id, endpoint_id, reason, by_hand, rows_max, lease_s)
        )

    async def version(self) -> int:
        return await self._call(lambda: self._rows.copy_version)

    async def read(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState]:
        copy = self._rows.copy
        return await self._call(lambda: [copy[each] for each in endpoint_ids if each in copy])

    async def store(self, endpoints: Sequence[EndpointState], version: int | None) -> None:
        await self._call(lambda: self._rows.store(endpoints, version))


class HealthModel:
    """Implements `HealthRows`."""

    def __init__(
        self, process: Process, service: Service, rows: StoredRows, failing: dict[bytes, HealthRow]
    ) -> None:
        self._process = process
        self._service = service
        self._rows = rows
        self._failing = failing

    async def load(self, limit: int) -> list[HealthRow]:
        return await self._service.call(self._process, lambda: list(self._failing.values())[:limit])

    async def save(
        self, failing: Sequence[HealthRow], recovered: Collection[bytes]
    ) -> list[HealthRow]:
        return await self._service.call(self._process, lambda: self._save(failing, recovered))

    def _save(self, failing: Sequence[HealthRow], recovered: Collection[bytes]) -> list[HealthRow]:
        for endpoint_id in recovered:
            self._failing.pop(endpoint_id, None)
        for row in failing:
            there = self._failing.get(row.endpoint_id)
            if there is None or there.version < row.version:
                self._failing[row.endpoint_id] = row
            elif there.version == row.version:
                self._failing[row.endpoint_id] = there._replace(
                    last_failure_us=max(there.last_failure_us, row.last_failure_us)
                )
        return [self._failing[row.endpoint_id] for row in failing]

    async def failures_since(self, endpoint_id: bytes, since_us: int) -> FailureRun | None:
        def effect() -> FailureRun | None:
            found = RunOfFailures()
            rows = [
                row
                for row in self._rows.attempts.values()
                if row.endpoint_id == endpoint_id and row.ended_at_us >= since_us
            ]
            rows.sort(key=lambda row: row.id, reverse=True)
            found.extend((row.status == SUCCESS, row.ended_at_us) for row in rows)
            return found.run

        return await self._service.call(self._process, effect)
