"""What may happen to Postgres: killed, shut down, gone, cut off, full, failing, locked."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import asyncpg

from ..waiting import until  # noqa: TID252 - tests are no installed package
from .preloaded import BreakablePostgres
from .stage import SERVICES, Stage
from .trial import Account, Trial

UP_WITHIN_S = 30.0
DECIDES_WITHIN_S = 15.0
FLOWS_WITHIN_S = 15.0


def postmaster_killed(stage: Stage) -> Account:
    """SIGKILL of the postmaster; started again, it recovers from its log."""
    return _ended(stage, "Postgres: SIGKILL of the postmaster", _kill_postmaster, 0)


def shut_down_at_once(stage: Stage) -> Account:
    """`immediate` shutdown, which is a crash with notice."""
    return _ended(stage, "Postgres: immediate shutdown", _shut_down_at_once, 0)


def gone(stage: Stage, seconds: float) -> Account:
    """Shut down, and not there for a while."""
    return _ended(stage, f"Postgres: gone for {seconds:g} s", Stage.stop_postgres, seconds)


def _kill_postmaster(stage: Stage) -> None:
    assert stage.postgres.pid is not None
    os.kill(stage.postgres.pid, signal.SIGKILL)
    _await_end(stage)


def _shut_down_at_once(stage: Stage) -> None:
    assert stage.postgres.pid is not None
    os.kill(stage.postgres.pid, signal.SIGQUIT)
    _await_end(stage)


def _await_end(stage: Stage) -> None:
    until(lambda: not stage.postgres.alive(), 15, "the postmaster has ended")


def _ended(stage: Stage, name: str, end: Callable[[Stage], None], seconds: float) -> Account:
    with Trial(stage, name) as trial:
        trial.run_for(1)
        with trial.fault():
            end(stage)
            trial.run_for(seconds)
            started_s = time.monotonic()
            stage.postgres.start()
        trial.account.notes.append(f"started again in {time.monotonic() - started_s:.1f} s")
        trial.run_on(3)
        trial.await_flow()
        return _clear(trial, trial.conclude(flows_within_s=FLOWS_WITHIN_S))


def connections_killed(stage: Stage, times: int = 5) -> Account:
    """Every connection of the platform is ended by the administrator, again and again."""
    with Trial(stage, f"Postgres: all connections killed, {times} times") as trial:
        for _ in range(times):
            trial.blow()
            for service in SERVICES:
                trial.databases.rows(
                    service,
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()",
                )
            trial.run_for(0.7)
        trial.run_on(2)
        return _clear(trial, trial.conclude())


def disk_full(stage: Stage, seconds: float = 8.0) -> Account:
    """Writes fail with ENOSPC: injected into the server's system calls."""
    return _broken_disk(stage, "disk-is-full", "disk full (injected)", seconds)


def fsync_fails(stage: Stage, seconds: float = 1.0) -> Account:
    """fsync of the log gives EIO: injected. Postgres panics, and recovers from its log."""
    return _broken_disk(stage, "fsync-fails", "fsync error (injected)", seconds)


def _broken_disk(stage: Stage, flag: str, name: str, seconds: float) -> Account:
    postgres = stage.postgres
    assert isinstance(postgres, BreakablePostgres)
    with Trial(stage, f"Postgres: {name} for {seconds:g} s") as trial:
        trial.run_for(1)
        with trial.fault():
            answered_before = len(trial.load.answered)
            with postgres.broken(flag):
                trial.run_for(seconds)
            answered = len(trial.load.answered) - answered_before
            # What runs it (a container's runtime, systemd) starts it again when it has ended.
            with suppress(AssertionError):
                until(
                    lambda: not postgres.alive() or _answers(stage), DECIDES_WITHIN_S, "it decides"
                )
            if not _answers(stage):
                how = "hung" if postgres.alive() else "ended itself"
                trial.account.notes.append(f"the server {how} and was started again")
                postgres.kill()
                postgres.start()
            until(lambda: _answers(stage), UP_WITHIN_S, "Postgres answers")
        trial.account.notes.append(f"{answered} answered with 2xx meanwhile")
        trial.run_on(3)
        trial.await_flow()
        return _clear(trial, trial.conclude(flows_within_s=FLOWS_WITHIN_S))


def locked(stage: Stage, seconds: float) -> Account:
    """Somebody holds an exclusive lock on the journal, the batches and the attempts."""
    with Trial(stage, f"Postgres: tables locked for {seconds:g} s") as trial:
        trial.run_for(1)
        with trial.fault():
            asyncio.run(_hold_locks(stage, seconds))
        trial.run_on(3)
        trial.await_flow()
        return _clear(trial, trial.conclude(flows_within_s=FLOWS_WITHIN_S))


async def _hold_locks(stage: Stage, seconds: float) -> None:
    gateway = await asyncpg.connect(stage.database_urls["gateway"], ssl=False)
    worker = await asyncpg.connect(stage.database_urls["worker"], ssl=False)
    try:
        async with gateway.transaction(), worker.transaction():
            await gateway.execute("lock table message, batch in access exclusive mode")
            await worker.execute("lock table attempt, pending_delivery in access exclusive mode")
            await asyncio.sleep(seconds)
    finally:
        await gateway.close()
        await worker.close()


def _answers(stage: Stage) -> bool:
    async def ask() -> bool:
        connection = await asyncpg.connect(stage.database_urls["gateway"], timeout=3, ssl=False)
        try:
            await connection.execute("select 1", timeout=3)
        finally:
            connection.terminate()
        return True

    try:
        return asyncio.run(ask())
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return False


def _clear(trial: Trial, account: Account) -> Account:
    """Refusals are 503 with Retry-After, or no answer within the client's patience."""
    others = {status for status in trial.load.refusals if status not in (0, 503)}
    account.expect(not others, f"refused with {sorted(others)}")
    return account
