"""Workers learn of failing endpoints from each other."""

from collections.abc import Collection, Sequence

import pytest
from angarium_worker.application.endpoints import shared_health
from angarium_worker.application.endpoints.endpoint_guards import EndpointGuards
from angarium_worker.application.endpoints.endpoint_health import EndpointHealth
from angarium_worker.application.endpoints.failing_endpoints import HealthRow
from angarium_worker.application.endpoints.shared_health import SharedHealth
from angarium_worker.domain.attempt_result import Accepted
from angarium_worker.domain.endpoint_health import DisableRule, FailureRun

NOW_US = 1_700_000_000 * 1_000_000
ENDPOINT, OTHER, TENANT, APPLICATION = b"e" * 16, b"f" * 16, b"t" * 16, b"a" * 16


class Record:
    """Implements `HealthRows` in memory."""

    def __init__(self) -> None:
        self.rows: list[HealthRow] = []
        self.reads = 0

    def failed(self, endpoint_id: bytes, ago_s: int = 0) -> None:
        at_us = NOW_US - ago_s * 1_000_000
        self.rows.append(HealthRow(endpoint_id, TENANT, APPLICATION, 1, at_us, at_us))

    async def load(self, limit: int) -> list[HealthRow]:
        self.reads += 1
        return self.rows[:limit]

    async def save(
        self, failing: Sequence[HealthRow], recovered: Collection[bytes]
    ) -> list[HealthRow]:
        return list(failing)

    async def failures_since(self, endpoint_id: bytes, since_us: int) -> FailureRun | None:
        return None


class Side:
    """One worker's knowledge of endpoints."""

    def __init__(self, record: Record, workers: int) -> None:
        self.guards = EndpointGuards(lambda: 0.0, lambda: 0.5)
        self.guards.share_with(workers)
        self.health = EndpointHealth(
            record,
            None,  # type: ignore[arg-type]
            DisableRule(0),
            clock_ns=lambda: NOW_US * 1_000,
        )
        self.shared = SharedHealth(
            record, self.health, self.guards, clock_ns=lambda: NOW_US * 1_000
        )

    def retries(self, endpoint_id: bytes) -> int:
        """How many of ten retries begin."""
        guard = self.guards.of(endpoint_id).guard
        return sum(guard.begin(0.0, retry=True, from_lane=False) > 0 for _ in range(10))


@pytest.mark.parametrize("used_before", [False, True])
async def test_retries_of_an_endpoint_that_failed_elsewhere_are_limited(used_before: bool) -> None:
    record = Record()
    side = Side(record, workers=20)
    if used_before:
        side.guards.of(ENDPOINT)
    record.failed(ENDPOINT)
    await side.shared.read()
    assert side.retries(ENDPOINT) == 1
    assert side.retries(OTHER) == 10


async def test_once_it_succeeded_elsewhere_they_are_not() -> None:
    record = Record()
    side = Side(record, workers=20)
    record.failed(ENDPOINT)
    await side.shared.read()
    assert side.retries(ENDPOINT) == 1
    assert side.health.failing_total == 1
    record.rows.clear()
    await side.shared.read()
    assert side.retries(ENDPOINT) > 1
    assert side.health.failing_total == 0


async def test_a_success_here_takes_it_off_the_record() -> None:
    record = Record()
    side = Side(record, workers=2)
    record.failed(ENDPOINT)
    await side.shared.read()
    assert side.health.any_failing
    queue = side.guards.of(ENDPOINT)
    ticket = queue.guard.begin(0.0, retry=False, from_lane=False)
    side.guards.ended(queue, ticket, Accepted(200, b"", 0.0), 0.0)
    side.health.succeeded(ENDPOINT)
    assert not side.health.any_failing


async def test_a_failure_that_a_single_worker_would_have_forgotten_does_not_count() -> None:
    record = Record()
    side = Side(record, workers=20)
    record.failed(ENDPOINT, ago_s=601)
    await side.shared.read()
    assert side.retries(ENDPOINT) == 10


async def test_a_single_worker_reads_nothing() -> None:
    record = Record()
    side = Side(record, workers=1)
    record.failed(ENDPOINT)
    await side.shared.read()
    assert record.reads == 0
    assert side.retries(ENDPOINT) == 10


async def test_of_more_rows_than_are_read_none_counts_as_recovered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_health, "ENDPOINTS_MAX", 1)
    record = Record()
    side = Side(record, workers=20)
    record.failed(ENDPOINT)
    await side.shared.read()
    record.rows.clear()
    record.failed(OTHER)
    await side.shared.read()
    assert side.retries(ENDPOINT) == 1
    record.rows.clear()
    await side.shared.read()
    assert side.retries(ENDPOINT) > 1
