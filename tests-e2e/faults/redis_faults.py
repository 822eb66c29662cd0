"""What may happen to Redis: wiped, restarted, rolled back, gone, read-only, full, slow."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import redis

from .link import State
from .stage import SERVICES, Stage
from .steady_load import Posted
from .trial import Account, Trial

REDIS_BYTES_MAX = 256 * 1024 * 1024


def flushed(stage: Stage) -> Account:
    """FLUSHALL."""
    with Trial(stage, "Redis: FLUSHALL") as trial:
        trial.blow()
        with stage.redis() as client:
            client.flushall()
        trial.run_on(4)
        return _api_did_not_notice(trial, trial.conclude())


def restarted_empty(stage: Stage) -> Account:
    """Killed, and started again without its data."""
    with Trial(stage, "Redis: SIGKILL, restart without data") as trial:
        with trial.fault():
            stage.valkey.kill()
            _data_of(stage.valkey.log_path.parent, remove=True)
            stage.valkey.start()
        trial.run_on(4)
        return _api_did_not_notice(trial, trial.conclude())


def rolled_back(stage: Stage, seconds: float = 3.0) -> Account:
    """Killed, and started again from an append-only file that lacks the last seconds."""
    folder = stage.valkey.log_path.parent
    with Trial(stage, f"Redis: restart with an AOF cut back by {seconds:g} s") as trial:
        trial.note_in_flight()
        sizes = {path: path.stat().st_size for path in _data_of(folder) if ".incr." in path.name}
        trial.run_for(seconds)
        with trial.fault():
            stage.valkey.kill()
            for path, size in sizes.items():
                if path.exists() and path.stat().st_size > size:
                    with path.open("rb+") as file:
                        file.truncate(size)
            stage.valkey.start()
        trial.run_on(4)
        return _api_did_not_notice(trial, trial.conclude())


def gone(stage: Stage, seconds: float) -> Account:
    """Killed, and not there for a while: 202s go on."""
    with Trial(stage, f"Redis: gone for {seconds:g} s") as trial:
        with trial.fault():
            stage.valkey.kill()
            trial.run_for(seconds)
            accepted = len(trial.load.answered)
            stage.valkey.start()
        trial.account.notes.append(f"{accepted} accepted when it came back")
        trial.run_on(3)
        account = _api_did_not_notice(trial, trial.conclude(flows_within_s=10))
        _bounded(stage, account)
        return account


def read_only(stage: Stage, seconds: float = 5.0) -> Account:
    """Every write is refused: a minimum of replicas that it does not have."""
    with Trial(stage, f"Redis: read-only for {seconds:g} s") as trial:
        with stage.redis() as client, trial.fault():
            client.config_set("min-replicas-to-write", 1)
            try:
                trial.run_for(seconds)
            finally:
                client.config_set("min-replicas-to-write", 0)
        trial.run_on(3)
        return _api_did_not_notice(trial, trial.conclude())


def out_of_memory(stage: Stage, seconds: float = 5.0) -> Account:
    """maxmemory below what is used, policy noeviction."""
    with Trial(stage, f"Redis: out of memory for {seconds:g} s") as trial:
        with stage.redis() as client, trial.fault():
            client.config_set("maxmemory", "1mb")
            try:
                trial.run_for(seconds)
            finally:
                client.config_set("maxmemory", "0")
        trial.run_on(3)
        return _api_did_not_notice(trial, trial.conclude())


def slow(stage: Stage, seconds: float = 20.0) -> Account:
    """Every command takes two seconds."""
    with Trial(stage, f"Redis: slow, 2 s a command, for {seconds:g} s") as trial:
        with trial.fault():
            for service in SERVICES:
                stage.set_link(f"{service}-redis", State.OPEN, delay_s=2.0)
            try:
                trial.run_for(seconds)
            finally:
                for service in SERVICES:
                    stage.set_link(f"{service}-redis", State.OPEN)
        trial.run_on(3)
        account = _api_did_not_notice(trial, trial.conclude(flows_within_s=10))
        _bounded(stage, account)
        return account


def _api_did_not_notice(trial: Trial, account: Account) -> Account:
    account.expect(not account.refused, f"{account.refused} posts were refused")
    posts = [post for post in trial.load.posts if post.id]
    before = [post for post in posts if post.answered_ns < trial.began_ns]
    half_s = _median_wait_s(posts)
    # On an overloaded machine the API is as slow before the fault.
    within_s = max(0.25 * trial.stage.patience, 3 * _median_wait_s(before))
    account.expect(half_s < within_s, f"half of the answers took {half_s:.2f} s")
    return account


def _median_wait_s(posts: Sequence[Posted]) -> float:
    waits_ns = sorted(post.answered_ns - post.began_ns for post in posts)
    return waits_ns[len(waits_ns) // 2] / 1e9 if waits_ns else 0.0


def _bounded(stage: Stage, account: Account) -> None:
    with stage.redis() as client:
        peak = int(client.info("memory")["used_memory_peak"])
    account.notes.append(f"Redis {peak >> 20} MiB at most")
    account.expect(peak <= REDIS_BYTES_MAX, f"Redis held {peak} bytes")


def _data_of(folder: Path, *, remove: bool = False) -> list[Path]:
    """The append-only files."""
    found = sorted(folder.glob("appendonlydir/*"))
    if remove:
        shutil.rmtree(folder / "appendonlydir", ignore_errors=True)
    return found


def ping(stage: Stage) -> bool:
    """Whether it answers."""
    try:
        with stage.redis() as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
