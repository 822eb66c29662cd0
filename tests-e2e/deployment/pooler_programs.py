"""The platform through a real PgBouncer in transaction mode: `make test-pgbouncer`.

pytest collects this file only when it is named. It needs PgBouncer, of any version from 1.18 on.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from angarium_cli.engines import PostgresProcess

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..delivery.replica_set import SERVICES, ReplicaSet  # noqa: TID252
from ..dev_platform import api_client  # noqa: TID252
from ..load_run import LoadRun  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .pgbouncer import HINT, KEEPS_PREPARED_SINCE, PgBouncer, program, version_of

POOL_SIZE = 3
"""Of each database: fewer connections than the two processes of a service have clients."""
RATE, SECONDS = 40, 3
KEEPING = {"max_prepared_statements": "100"}
LIMITS = {"statement_timeout": "30s", "lock_timeout": "5s"}
ADVISORY_LOCKS = "select count(*) from pg_locks where locktype = 'advisory'"
CONNECTIONS = (
    "select datname, count(*) from pg_stat_activity where datname like 'replicas%' group by 1"
)


def _ways() -> list[str]:
    """Without prepared statements, and with them where this PgBouncer can keep them."""
    path = program()
    if path is None:
        pytest.exit(HINT, returncode=1)
    return ["unprepared", "prepared"] if _keeps_prepared(path) else ["unprepared"]


def _keeps_prepared(path: str) -> bool:
    return version_of(path) >= KEEPS_PREPARED_SINCE


@pytest.fixture(scope="module")
def server(new_folder: Callable[[str], Path]) -> Iterator[PostgresProcess]:
    """A Postgres whose roles have time limits."""
    running = PostgresProcess(new_folder("pooled"), fsync=False, settings=LIMITS)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@dataclass(frozen=True)
class Pooled:
    """A platform of two processes of each service, all of whose connections are pooled."""

    replicas: ReplicaSet
    pgbouncer: PgBouncer
    server: PostgresProcess

    def doctor(self, **settings: str) -> list[dict[str, Any]]:
        """The findings of `angarium doctor`."""
        told = run_angarium(["doctor", "--json"], **self.replicas.settings | settings)
        assert told.returncode in (0, 1), told.stderr
        found: list[dict[str, Any]] = json.loads(told.stdout)["findings"]
        return found

    def rows(self, query: str) -> list[Any]:
        """The rows of a query, past the pooler."""

        async def read() -> list[Any]:
            connection = await asyncpg.connect(self.server.uri(), ssl=False)
            try:
                return list(await connection.fetch(query))
            finally:
                await connection.close()

        return asyncio.run(read())


@pytest.fixture(scope="module", params=_ways())
def pooled(
    request: pytest.FixtureRequest, new_folder: Callable[[str], Path], server: PostgresProcess
) -> Iterator[Pooled]:
    prepares = request.param == "prepared"
    query = "pooler=transaction" if prepares else "pooler=transaction&prepared_statements=no"
    folder = new_folder("pooled")
    options = KEEPING if prepares else {}
    with (
        PgBouncer(folder / "pgbouncer", server.uri(), pool_size=POOL_SIZE, **options) as pgbouncer,
        ReplicaSet(folder, server, through=lambda url: pgbouncer.url(url, query)) as replicas,
    ):
        yield Pooled(replicas, pgbouncer, server)


def test_every_message_is_delivered_once(
    pooled: Pooled, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    gateways = pooled.replicas.of("gateway")
    with api_client(gateways[0].url, pooled.replicas.key) as api:
        app = f"/app/{api.post('/app', json={'name': 'Pooled'}).raise_for_status().json()['id']}"
        for path in ("/ok", "/fail/1"):
            api.post(f"{app}/endpoint", json={"url": f"{receiver.url}{path}"}).raise_for_status()
    loads = [
        LoadRun(each.url, pooled.replicas.key, app, tmp_path, rate=RATE, seconds=SECONDS)
        for each in gateways
    ]
    with loads[0], loads[1]:
        for load in loads:
            load.finish()

    accepted = loads[0].accepted_ids | loads[1].accepted_ids
    assert len(accepted) == 2 * RATE * SECONDS
    receiver.wait_for_ids(accepted, path="/ok")
    once = receiver.entries("/ok")
    assert {entry["times"] for entry in once} == {1}
    with api_client(gateways[1].url, pooled.replicas.key) as api:
        newest = api.get(f"{app}/msg", params={"limit": 1}).raise_for_status().json()["data"][0]
        until(
            lambda: (
                [
                    each["status"]
                    for each in api.get(f"{app}/attempt/msg/{newest['id']}").json()["data"]
                ].count(0)
                == 2
            ),
            30,
            "the failed delivery was retried",
        )
    logs = "".join(
        each.log_path.read_text() for service in SERVICES for each in pooled.replicas.of(service)
    )
    assert "prepared statement" not in logs
    assert "retention.waits" not in logs
    assert "retention.failed" not in logs


def test_no_lock_stays_and_the_server_has_few_connections(pooled: Pooled) -> None:
    until(lambda: pooled.rows(ADVISORY_LOCKS)[0][0] == 0, 20, "no advisory lock is held")
    counts = dict(map(tuple, pooled.rows(CONNECTIONS)))
    assert len(counts) == len(SERVICES)
    assert max(counts.values()) <= POOL_SIZE


def test_doctor_has_nothing_to_say_of_a_pooler_that_is_set_up(pooled: Pooled) -> None:
    found = pooled.doctor()
    about = [each for each in found if "database" in each["subject"]]
    assert {each["level"] for each in about} == {"ok"}, about
    assert any(each["subject"] == "database connections" for each in about)


def test_doctor_says_what_a_url_lacks(pooled: Pooled, new_folder: Callable[[str], Path]) -> None:
    ignoring = {"ignore_startup_parameters": "statement_timeout,lock_timeout,jit"}
    if _keeps_prepared(program() or ""):
        ignoring["max_prepared_statements"] = "0"

    def findings(query: str) -> list[dict[str, Any]]:
        # One of its own: the prepared statements of another run stay with its connections.
        folder = new_folder("pgbouncer")
        with PgBouncer(folder, pooled.server.uri(), pool_size=POOL_SIZE, **ignoring) as pgbouncer:
            settings = pooled.replicas.settings
            return pooled.doctor(
                **{
                    variable: pgbouncer.url(settings[variable], query)
                    for variable in (f"ANGARIUM_{each.upper()}_DATABASE_URL" for each in SERVICES)
                }
            )

    unnamed, prepared = findings(""), findings("pooler=transaction")
    remedies = {each["remedy"] for each in unnamed if each["level"] == "warning"}
    assert "Add pooler=transaction to ANGARIUM_WORKER_DATABASE_URL." in remedies
    problems = [each for each in prepared if each["level"] == "problem"]
    assert len(problems) == len(SERVICES), prepared
    assert all("does not keep prepared statements" in each["sentence"] for each in problems)


def test_a_start_without_the_parameter_says_what_to_add(pooled: Pooled) -> None:
    variable = "ANGARIUM_WORKER_DATABASE_URL"
    url = pooled.pgbouncer.url(pooled.replicas.settings[variable])
    told = run_angarium(["migrate", "worker"], **pooled.replicas.settings | {variable: url})
    assert told.returncode
    assert "unsupported startup parameter" in told.stderr
    assert f"add pooler=transaction to {variable}" in told.stderr
