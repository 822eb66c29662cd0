from dataclasses import replace

from angarium_chassis.database.postgres_url import DIRECT, PoolerOptions
from angarium_chassis.examination.connection_checks import (
    ServerState,
    judge_connections,
    judge_pooler,
)
from angarium_chassis.examination.findings import Finding, Level
from angarium_chassis.examination.process_state import PoolState, ProcessState

NOW_MS = 1_000_000_000
SERVER = ServerState(
    server="2026-12-01",
    allowed=97,
    in_use=30,
    own=10,
    own_limit=None,
    limits_time=True,
    pooled=False,
    pooler=DIRECT,
)
ALL = ("gateway", "dispatcher", "worker")
POOLED = replace(SERVER, pooled=True, pooler=PoolerOptions(is_used=True), keeps_prepared=True)


def process(service: str, size: int = 8, seen_ago_s: float = 1) -> ProcessState:
    return ProcessState(
        service=service,
        id="a",
        version="1",
        host="h",
        pid=1,
        started_at_ms=0,
        clock_ms=NOW_MS,
        seen_at_ms=NOW_MS - int(seen_ago_s * 1_000),
        database_pool=PoolState(size, 0),
    )


def judged(states: dict[str, ServerState], *processes: ProcessState) -> list[Finding]:
    return judge_connections(states, processes, now_ms=NOW_MS, pool_size=8)


def test_one_process_more_of_each_service_is_counted() -> None:
    twice = [process(service) for service in ALL for _ in range(2)]

    (found,) = judged(dict.fromkeys(ALL, SERVER), *twice)

    assert found.level is Level.OK
    assert found.sentence == (
        "30 of 97 connections of the server of gateway, dispatcher and worker are in use;"
        " the services need at most 82."
    )


def test_too_many_for_the_server_are_a_warning_with_a_remedy() -> None:
    processes = [process(service) for service in (*ALL, *ALL, *ALL)]

    (found,) = judged(dict.fromkeys(ALL, SERVER), *processes)

    assert found.level is Level.WARNING
    assert "allows 97 connections: the services may need 106 during" in found.sentence
    assert "ANGARIUM_DATABASE_CONNECTIONS_MAX" in (found.remedy or "")


def test_connections_of_other_databases_count() -> None:
    twice = [process(service) for service in ALL for _ in range(2)]
    states = dict.fromkeys(ALL, replace(SERVER, in_use=50))

    (found,) = judged(states, *twice)

    assert found.level is Level.WARNING
    assert "other databases of the server have 20" in found.sentence


def test_each_server_is_judged_by_itself() -> None:
    states = {service: replace(SERVER, server=service, in_use=10) for service in ALL}
    workers = [process("worker", 20) for _ in range(4)]

    found = judged(states, process("gateway"), process("dispatcher"), *workers)

    assert [each.level for each in found] == [Level.OK, Level.OK, Level.WARNING]
    assert found[2].sentence.startswith("The server of worker allows 97 connections")
    assert "need 110" in found[2].sentence


def test_processes_that_ended_do_not_count() -> None:
    gone = [process("gateway", 80, seen_ago_s=60)]

    (found,) = judged({"gateway": SERVER}, *gone)

    assert "at most 18" in found.sentence


def test_the_limit_of_a_database_or_role_is_a_bound_too() -> None:
    _, found = judged({"gateway": replace(SERVER, own_limit=12)}, process("gateway"))

    assert found.level is Level.WARNING
    assert "may open 16 connections" in found.sentence
    assert "is 12" in found.sentence


def test_through_a_pooler_only_what_is_in_use_counts() -> None:
    many = [process("gateway") for _ in range(100)]

    (found,) = judged({"gateway": POOLED}, *many)
    (full,) = judged({"gateway": replace(POOLED, in_use=90)}, *many)

    assert found.level is Level.OK
    assert full.level is Level.WARNING
    assert full.sentence.startswith("90 of 97 connections")


def test_a_pooler_that_the_url_does_not_name_is_a_warning() -> None:
    (found,) = judge_pooler("worker", replace(SERVER, pooled=True))

    assert found.level is Level.WARNING
    assert found.remedy == "Add pooler=transaction to ANGARIUM_WORKER_DATABASE_URL."


def test_prepared_statements_that_get_lost_are_a_problem() -> None:
    (found,) = judge_pooler("worker", replace(POOLED, keeps_prepared=False))

    assert found.level is Level.PROBLEM
    assert "prepared_statements=no" in (found.remedy or "")


def test_a_role_without_time_limits_is_a_warning() -> None:
    (found,) = judge_pooler("worker", replace(POOLED, limits_time=False))

    assert found.level is Level.WARNING
    assert "lock_timeout" in (found.remedy or "")


def test_a_pooler_with_all_that_is_needed_is_not_mentioned() -> None:
    assert judge_pooler("worker", POOLED) == []
    assert judge_pooler("worker", SERVER) == []
