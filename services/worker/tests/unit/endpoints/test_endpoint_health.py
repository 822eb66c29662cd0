"""Endpoints that fail for long are disabled, and no others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from angarium_contracts.directory import EndpointState
from angarium_worker.application.endpoints.endpoint_health import EndpointHealth
from angarium_worker.application.endpoints.endpoint_owner import GoneEndpoint
from angarium_worker.application.endpoints.failing_endpoints import HealthRow
from angarium_worker.application.ledger.records import StorageDown
from angarium_worker.domain.endpoint_health import DisableRule, FailureRun, RunOfFailures
from hypothesis import given
from hypothesis import strategies as st

DAY_US = 24 * 3_600 * 1_000_000
NOON_US = int(datetime(2026, 1, 2, 12, tzinfo=UTC).timestamp()) * 1_000_000
ENDPOINT, OTHER, TENANT, APPLICATION = b"e" * 16, b"f" * 16, b"t" * 16, b"a" * 16
FIVE_DAYS = DisableRule(5 * 86_400.0)

attempts = st.lists(st.tuples(st.booleans(), st.integers(0, 20 * DAY_US)), max_size=30).map(
    lambda made: sorted(made, key=lambda attempt: attempt[1])
)
rules = st.builds(DisableRule, st.floats(0, 8 * 86_400), st.integers(1, 5))


def _gathered(made: Sequence[tuple[bool, int]], piece: int) -> FailureRun | None:
    found = RunOfFailures()
    newest_first = list(reversed(made))
    for start in range(0, len(made), piece):
        found.extend(newest_first[start : start + piece])
    return found.run


@given(attempts, st.integers(1, 7))
def test_a_run_is_what_failed_after_the_last_success_however_it_is_read(
    made: list[tuple[bool, int]], piece: int
) -> None:
    successes = [index for index, (succeeded, _) in enumerate(made) if succeeded]
    after = [ended_us for _, ended_us in made[successes[-1] + 1 if successes else 0 :]]
    expected = FailureRun(after[0], after[-1], len(after)) if after else None
    assert _gathered(made, piece) == expected


@given(attempts, rules)
def test_no_endpoint_is_condemned_that_had_a_success_or_too_few_failures_in_that_time(
    made: list[tuple[bool, int]], rule: DisableRule
) -> None:
    run = _gathered(made, 10)
    if run is None or not rule.condemns(run):
        return
    assert rule.after_s > 0
    from_us = made[-1][1] - rule.after_s * 1_000_000
    last_success_us = max((at_us for succeeded, at_us in made if succeeded), default=-1)
    assert last_success_us <= from_us
    assert run.failures >= rule.failures_min


@given(attempts, rules, st.integers(1, 20 * DAY_US))
def test_who_is_condemned_stays_so_until_a_success(
    made: list[tuple[bool, int]], rule: DisableRule, later_us: int
) -> None:
    run = _gathered(made, 10)
    if run is None or not rule.condemns(run):
        return
    failed_again = _gathered([*made, (False, made[-1][1] + later_us)], 10)
    assert failed_again is not None
    assert rule.condemns(failed_again)
    assert _gathered([*made, (True, made[-1][1] + later_us)], 10) is None


def test_the_rule_at_its_edges() -> None:
    assert FIVE_DAYS.suspects(0, 5 * DAY_US)
    assert not FIVE_DAYS.suspects(1, 5 * DAY_US)
    assert not FIVE_DAYS.condemns(FailureRun(0, 5 * DAY_US, 1))
    never = DisableRule(0)
    assert not never.suspects(0, 500 * DAY_US)
    assert (never.look_every_s, FIVE_DAYS.look_every_s) == (60.0, 60.0)
    assert DisableRule(8.0).look_every_s == 2.0


class World:
    """Implements `HealthRows` and `EndpointOwner` in memory."""

    def __init__(self, changes: Any) -> None:
        self.changes = changes
        self.rows: dict[bytes, HealthRow] = {}
        self.saves: list[tuple[int, int]] = []
        self.runs: dict[bytes, FailureRun | None] = {}
        self.walked = 0
        self.disabled: list[tuple[GoneEndpoint, str, datetime]] = []
        self.loaded = False
        self.down = False
        self.refused = 0
        self.owner_away = False
        self.now_us = NOON_US

    def _check(self) -> None:
        self.changes.happened()
        if self.down:
            self.refused += 1
            raise StorageDown("down")

    async def load(self, limit: int) -> list[HealthRow]:
        self._check()
        self.loaded = True
        return sorted(self.rows.values(), key=lambda row: -row.last_failure_us)[:limit]

    async def save(
        self, failing: Sequence[HealthRow], recovered: Collection[bytes]
    ) -> list[HealthRow]:
        self._check()
        self.saves.append((len(failing), len(recovered)))
        for each in recovered:
            self.rows.pop(each, None)
        for row in failing:
            old = self.rows.get(row.endpoint_id)
            if old is None or old.version < row.version:
                self.rows[row.endpoint_id] = row
            else:
                self.rows[row.endpoint_id] = old._replace(last_failure_us=row.last_failure_us)
        return [self.rows[row.endpoint_id] for row in failing]

    async def failures_since(self, endpoint_id: bytes, since_us: int) -> FailureRun | None:
        self._check()
        self.walked += 1
        row = self.rows[endpoint_id]
        return self.runs.get(endpoint_id, FailureRun(since_us, row.last_failure_us, 2))

    async def current(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState] | None:
        return None

    async def disable(
        self, gone: GoneEndpoint, reason: str, failing_since: datetime | None = None
    ) -> bool:
        assert failing_since is not None
        self.changes.happened()
        if self.owner_away:
            return False
        self.disabled.append((gone, reason, failing_since))
        return True


type Start = Callable[..., Awaitable[EndpointHealth]]


@pytest.fixture
async def world(fakes: Any) -> World:
    return World(fakes.Changes())


@pytest.fixture
async def start(world: World) -> AsyncIterator[Start]:
    running: list[asyncio.Task[None]] = []

    async def begin(rule: DisableRule = FIVE_DAYS, **options: Any) -> EndpointHealth:
        options = {"gather_s": 0.0, "retry_s_min": 0.001} | options
        health = EndpointHealth(
            world, world, rule, clock_ns=lambda: world.now_us * 1_000, **options
        )
        world.loaded = False
        running.append(asyncio.create_task(health.run()))
        await world.changes.until(lambda: world.loaded or world.down)
        return health

    yield begin
    for task in running:
        assert not task.done()
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _fail(health: EndpointHealth, endpoint_id: bytes = ENDPOINT, version: int = 3) -> None:
    health.failed(endpoint_id, TENANT, APPLICATION, version)


async def _saved(world: World, failing: int) -> None:
    """So many rows have been written, and what follows from them is under way."""
    await world.changes.until(lambda: sum(rows for rows, _ in world.saves) >= failing)
    await asyncio.sleep(0)


async def test_a_failing_endpoint_goes_on_record_and_its_success_takes_it_off(
    world: World, start: Start
) -> None:
    health = await start()
    assert not health.any_failing
    health.succeeded(ENDPOINT)
    _fail(health)
    await _saved(world, 1)
    expected = HealthRow(ENDPOINT, TENANT, APPLICATION, 3, NOON_US, NOON_US)
    assert world.rows == {ENDPOINT: expected}
    assert (health.any_failing, health.failing_total) == (True, 1)
    health.succeeded(ENDPOINT)
    await world.changes.until(lambda: not world.rows)
    assert not health.any_failing


async def test_failures_are_written_in_batches_and_once_a_minute_at_most(
    world: World, start: Start
) -> None:
    health = await start()
    for number in range(700):
        for _ in range(3):
            _fail(health, number.to_bytes(16))
    await _saved(world, 700)
    assert world.saves == [(500, 0), (200, 0)]
    for second in range(1, 61):
        world.now_us = NOON_US + second * 1_000_000
        _fail(health, bytes(16))
        await asyncio.sleep(0)
    await _saved(world, 701)
    assert world.rows[bytes(16)].last_failure_us == NOON_US + 60_000_000
    assert world.rows[bytes(16)].failing_since_us == NOON_US


async def test_after_five_days_without_a_success_its_owner_is_told(
    world: World, start: Start
) -> None:
    health = await start()
    _fail(health)
    await _saved(world, 1)
    world.now_us += 5 * DAY_US - 1
    _fail(health)
    await _saved(world, 2)
    assert world.walked == 0
    world.now_us += 60_000_000
    _fail(health)
    await world.changes.until(lambda: bool(world.disabled))
    gone, reason, since = world.disabled[0]
    assert gone == GoneEndpoint(TENANT, APPLICATION, ENDPOINT, 3)
    assert reason == "failing since 2026-01-02T12:00:00Z without a success"
    assert since == datetime(2026, 1, 2, 12, tzinfo=UTC)


async def test_the_owner_is_told_until_it_answers_and_through_outages_of_the_database(
    world: World, start: Start
) -> None:
    world.owner_away = True
    world.rows[ENDPOINT] = HealthRow(ENDPOINT, TENANT, APPLICATION, 3, 0, 6 * DAY_US)
    await start()
    await world.changes.until(lambda: world.walked == 3)
    world.down, world.owner_away = True, False
    await world.changes.until(lambda: world.refused == 2)
    world.down = False
    await world.changes.until(lambda: len(world.disabled) == 1)


async def test_a_success_that_another_worker_had_moves_the_beginning(
    world: World, start: Start
) -> None:
    health = await start()
    _fail(health)
    await _saved(world, 1)
    moved_us = NOON_US + 4 * DAY_US
    world.now_us += 6 * DAY_US
    world.runs[ENDPOINT] = FailureRun(moved_us, world.now_us, 9)
    _fail(health)
    await world.changes.until(
        lambda: ENDPOINT in world.rows and world.rows[ENDPOINT].failing_since_us == moved_us
    )
    assert world.disabled == []
    world.now_us = moved_us + 5 * DAY_US
    world.runs[ENDPOINT] = FailureRun(moved_us, world.now_us, 20)
    _fail(health)
    await world.changes.until(lambda: bool(world.disabled))
    assert world.disabled[0][2] == datetime(2026, 1, 6, 12, tzinfo=UTC)


async def test_an_endpoint_whose_attempts_show_no_failure_is_forgotten(
    world: World, start: Start
) -> None:
    world.rows[ENDPOINT] = HealthRow(ENDPOINT, TENANT, APPLICATION, 3, 0, 6 * DAY_US)
    world.runs[ENDPOINT] = None
    health = await start()
    await world.changes.until(lambda: not world.rows)
    assert (world.disabled, health.any_failing) == ([], False)


async def test_too_few_failures_do_not_disable(world: World, start: Start) -> None:
    world.rows[ENDPOINT] = HealthRow(ENDPOINT, TENANT, APPLICATION, 3, 0, 6 * DAY_US)
    await start(DisableRule(5 * 86_400.0, failures_min=3))
    await world.changes.until(lambda: world.walked == 1)
    assert world.disabled == []


async def test_zero_days_never_disable_but_the_account_is_kept(world: World, start: Start) -> None:
    health = await start(DisableRule(0))
    _fail(health)
    await _saved(world, 1)
    world.now_us += 500 * DAY_US
    _fail(health)
    await _saved(world, 2)
    assert (world.walked, len(world.rows)) == (0, 1)


async def test_after_a_restart_the_beginning_is_that_on_record(world: World, start: Start) -> None:
    health = await start()
    _fail(health)
    await _saved(world, 1)
    again = await start()
    assert again.any_failing
    world.now_us += 5 * DAY_US
    _fail(again)
    await world.changes.until(lambda: bool(world.disabled))
    assert world.disabled[0][2] == datetime(2026, 1, 2, 12, tzinfo=UTC)


async def test_after_a_restart_a_success_takes_the_endpoint_off_the_record(
    world: World, start: Start
) -> None:
    world.rows[ENDPOINT] = HealthRow(ENDPOINT, TENANT, APPLICATION, 3, NOON_US, NOON_US)
    health = await start()
    health.succeeded(ENDPOINT)
    await world.changes.until(lambda: not world.rows)


async def test_a_changed_endpoint_begins_anew(world: World, start: Start) -> None:
    health = await start()
    _fail(health)
    _fail(health, OTHER)
    await _saved(world, 2)
    same, newer = (
        EndpointState(id=each, tenant_id=TENANT, application_id=APPLICATION, version=version)
        for each, version in ((OTHER, 3), (ENDPOINT, 4))
    )
    health.changed([same, newer])
    await world.changes.until(lambda: ENDPOINT not in world.rows)
    assert OTHER in world.rows
    world.now_us += 6 * DAY_US
    _fail(health, version=4)
    await world.changes.until(lambda: ENDPOINT in world.rows)
    assert world.rows[ENDPOINT].failing_since_us == world.now_us
    assert world.disabled == []


async def test_a_newer_version_that_fails_begins_anew_and_an_older_is_passed_over(
    world: World, start: Start
) -> None:
    health = await start()
    _fail(health, version=3)
    await _saved(world, 1)
    world.now_us += 6 * DAY_US
    _fail(health, version=4)
    await _saved(world, 2)
    _fail(health, version=3)
    row = world.rows[ENDPOINT]
    assert (row.version, row.failing_since_us) == (4, world.now_us)
    assert world.walked == 0


async def test_what_could_not_be_written_is_written_later(world: World, start: Start) -> None:
    world.rows[OTHER] = HealthRow(OTHER, TENANT, APPLICATION, 3, NOON_US, NOON_US)
    health = await start()
    world.down = True
    _fail(health)
    health.succeeded(OTHER)
    await world.changes.until(lambda: world.refused == 2)
    assert world.saves == []
    world.now_us += 7_000_000
    _fail(health)
    world.down = False
    await world.changes.until(lambda: OTHER not in world.rows)
    assert world.rows[ENDPOINT].failing_since_us == NOON_US


async def test_memory_is_bounded_and_who_is_dropped_comes_back_by_its_next_failure(
    world: World, start: Start
) -> None:
    health = await start(endpoints_max=2)
    for number in range(3):
        _fail(health, bytes([number]) * 16)
        await _saved(world, number + 1)
    assert health.failing_total == 2
    world.now_us += 5 * DAY_US
    _fail(health, bytes(16))
    await world.changes.until(lambda: bool(world.disabled))
    assert world.disabled[0][0].endpoint_id == bytes(16)
