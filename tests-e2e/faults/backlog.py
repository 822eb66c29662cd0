"""A backlog: receivers down, many messages, receivers up again; others must not notice."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import redis

from ..child_process import bare_environment  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .link import State
from .stage import Stage
from .trial import Account, Trial

COUNT_VARIABLE = "FAULTS_BACKLOG"
COUNT = 20_000
"""Unless the variable says otherwise: a million is `make faults-backlog`."""
REDIS_BYTES_MAX = 256 * 1024 * 1024
PROCESS_BYTES_MAX = 300 * 1024 * 1024
HEALTHY_P99_S = 1.0
_LOAD = Path(__file__).parents[1] / "benchmarks" / "load.py"
_POSTED_WITHIN_S = 3_600.0
_DRAINED_WITHIN_S = 3_600.0
_LOOK_EVERY_S = 1.0


class MemoryWatch:
    """The most that Redis and each process of the platform held, looked at once a second."""

    def __init__(self, stage: Stage) -> None:
        self.redis_bytes = 0
        self.process_bytes: dict[str, int] = {}
        self._stage = stage
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with self._stage.redis() as client:
            while not self._ended.wait(_LOOK_EVERY_S):
                with suppress(redis.RedisError):
                    used = int(client.info("memory")["used_memory"])
                    self.redis_bytes = max(self.redis_bytes, used)
                for member in self._stage.keeper.members:
                    with suppress(psutil.NoSuchProcess):
                        held = psutil.Process(member.pid).memory_info().rss
                        most = self.process_bytes.get(member.name, 0)
                        self.process_bytes[member.name] = max(most, held)


def backlog(stage: Stage) -> Account:
    """FAULTS_BACKLOG messages to an application whose receiver is down, then up, while another
    application goes on."""
    count = int(os.environ.get(COUNT_VARIABLE, COUNT))
    name = f"Backlog of {count:,} undelivered messages"
    with WebhookReceiver() as down, MemoryWatch(stage) as memory, Trial(stage, name) as trial:
        account = trial.account
        link = stage.receiver_url(down)
        app = stage.new_application(f"{link}/ok")
        link_name = f"worker-receiver-{down.url.rpartition(':')[2]}"
        with trial.fault():
            stage.set_link(link_name, State.CUT)
            posted_s, accepted = _post(stage, app, count)
            account.notes.append(f"{accepted} posted in {posted_s:.0f} s")
            account.expect(accepted == count, f"{accepted} of {count} were accepted")
            trial.run_for(5)
            healthy = _p99_s(trial)
            account.notes.append(f"others received within {healthy:.2f} s (p99) meanwhile")
            account.expect(healthy <= HEALTHY_P99_S, f"others waited {healthy:.2f} s (p99)")
            stage.set_link(link_name, State.OPEN)
        up_s = time.monotonic()
        complete = down.wait_for(count, _DRAINED_WITHIN_S)
        drained_s = time.monotonic() - up_s
        summary = down.summary()
        account.expect(complete, f"{summary['distinct']} of {count} arrived")
        account.notes.append(f"drained in {drained_s:.0f} s: {count / drained_s:,.0f}/s")
        trial.conclude()
        account.accepted += accepted
        account.lost += count - int(summary["distinct"])
        account.duplicated += int(summary["duplicates"])
        _bounded(account, memory)
        return account


def _post(stage: Stage, app: str, count: int) -> tuple[float, int]:
    began_s = time.monotonic()
    done = subprocess.run(
        [
            *(sys.executable, str(_LOAD), "--url", stage.of("gateway")[0].url),
            *("--path", f"/api/v1{app}/msg", "--count", str(count), "--connections", "32"),
            *("--seconds", str(_POSTED_WITHIN_S), "--body-bytes", "1024"),
        ],
        env=bare_environment(ANGARIUM_TOKEN=stage.key),
        capture_output=True,
        check=False,
        timeout=_POSTED_WITHIN_S + 60,
    )
    assert done.returncode == 0, done.stderr.decode()
    summary = json.loads(done.stdout.splitlines()[-1])
    return time.monotonic() - began_s, int(summary["accepted"])


def _p99_s(trial: Trial) -> float:
    """From the answer to the first reception, of what was posted during the fault."""
    answered = trial.load.answered
    waits_s = sorted(
        (entry["first_ns"] - answered[entry["id"]].answered_ns) / 1e9
        for entry in trial.receiver.entries()
        if entry["id"] in answered and answered[entry["id"]].began_ns > trial.began_ns
    )
    return waits_s[int(len(waits_s) * 0.99)] if waits_s else float("inf")


def _bounded(account: Account, memory: MemoryWatch) -> None:
    largest = max(memory.process_bytes, key=lambda name: memory.process_bytes[name])
    most = memory.process_bytes[largest]
    account.notes.append(
        f"at most: Redis {memory.redis_bytes >> 20} MiB, {largest} {most >> 20} MiB"
    )
    account.expect(memory.redis_bytes <= REDIS_BYTES_MAX, "Redis held more than 256 MiB")
    account.expect(most <= PROCESS_BYTES_MAX, f"{largest} held more than 300 MiB")
