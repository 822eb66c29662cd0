"""Counts the instructions of a message in each service; `make bench-instructions` runs it.

Replays a stretch of the hot path (see replay.py) under valgrind's callgrind, N rounds and 2 N
rounds of it, each in a fork of one process that has imported everything: the difference is what N
rounds cost. Counting begins in the forks where that can be requested, which saves most of the time.
One message at once is the cost at low rates, fifty at once that at full rate. The
counts hardly differ from run to run, whatever else the machine does.

They are those of the platform's code, the interpreter and the libraries that it calls: uvicorn,
httptools, msgspec, OpenSSL's HMAC. Outside are the drivers of Postgres and Redis, sockets and the
kernel, and uvloop: a plain loop of asyncio takes its place.
"""

import argparse
import asyncio
import gc
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from failure import BenchmarkFailed
from rich.console import Console
from rich.table import Table
from valgrind_request import counting_start

if TYPE_CHECKING:
    from replay import Replay

SERVICES = ("gateway", "dispatcher", "worker")
ROUNDS = {1: 50, 50: 4}
"""N, by the messages at once."""
_TIMEOUT_S = 1_800
_COUNTED = re.compile(r"^summary: (\d+)", re.MULTILINE)
_MISSING = """\
bench-instructions: valgrind is not installed. Install it, for example with
    sudo apt-get install valgrind
It has no part that Python's package index could bring."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Instructions for each message of a service, with so many at once."""

    service: str
    at_once: int
    instructions: float


def replayed(service: str, rounds: int, at_once: int) -> int:
    """Replay rounds of a service in this process; gives how many messages went through."""
    return _run(_prepare(service, rounds, at_once), rounds)


def replay_in_forks(service: str, rounds_of: dict[int, int]) -> None:
    """Replay N and 2 N rounds of each number at once, each in a fork. Prints `{"pid": …, "at_once":
    …, "rounds": …}` for each of them."""
    start = counting_start()
    for at_once, rounds in rounds_of.items():
        # Prepared once, so that preparing is in no difference.
        replay = _prepare(service, 2 * rounds, at_once)
        for wanted in (rounds, 2 * rounds):
            gc.collect()
            gc.freeze()
            pid = os.fork()
            if not pid:
                if start is not None:
                    start()
                messages = _run(replay, wanted)
                sys.stdout.flush()
                os._exit(0 if messages == wanted * at_once else 3)
            _, status = os.waitpid(pid, 0)
            if status:
                raise SystemExit(f"{wanted} rounds of {service} ended with status {status}")
            print(json.dumps({"pid": pid, "at_once": at_once, "rounds": wanted}), flush=True)


def _prepare(service: str, rounds: int, at_once: int) -> "Replay":
    # Imported here: the process that only counts does without the services.
    replay: Replay = importlib.import_module(f"replay_{service}").prepare(rounds, at_once)
    return replay


def _run(replay: "Replay", rounds: int) -> int:
    from replay import ReplayLoop

    with asyncio.Runner(loop_factory=ReplayLoop) as runner:
        return runner.run(replay.run(rounds))


def count(service: str, rounds_of: dict[int, int], valgrind: str) -> list[Counted]:
    """The instructions for each message of a service."""
    with tempfile.TemporaryDirectory(prefix="angarium-instructions-") as folder:
        program = [sys.executable, str(Path(__file__)), "--replay", service]
        program += ["--rounds", json.dumps(list(rounds_of.items()))]
        from_start = "yes" if counting_start() is None else "no"
        command = [valgrind, "--tool=callgrind", "--quiet", f"--instr-atstart={from_start}"]
        command += [f"--callgrind-out-file={folder}/%p", *program]
        # Hashes are the same in every run, and so are the collisions in dictionaries.
        environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONMALLOC": "pymalloc"}
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=environment,
            timeout=_TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise BenchmarkFailed(f"valgrind ended with {done.returncode}:\n{done.stderr[-2000:]}")
        totals: dict[int, list[tuple[int, int]]] = {}
        for line in done.stdout.splitlines():
            fork = json.loads(line)
            total = read_total(Path(folder, str(fork["pid"])).read_text())
            totals.setdefault(fork["at_once"], []).append((fork["rounds"], total))
    return [
        Counted(service, at_once, per_message(at_once, *pair)) for at_once, pair in totals.items()
    ]


def read_total(written: str) -> int:
    """The instructions of a process, out of the file that callgrind wrote."""
    found = _COUNTED.search(written)
    if found is None:
        raise BenchmarkFailed("callgrind wrote a file without a summary")
    return int(found[1])


def per_message(at_once: int, fewer: tuple[int, int], more: tuple[int, int]) -> float:
    """The instructions for each message, out of two pairs of rounds and instructions."""
    return (more[1] - fewer[1]) / (more[0] - fewer[0]) / at_once


def table(counted: Sequence[Counted]) -> Table:
    """Thousands of instructions by service."""
    at_once = sorted({each.at_once for each in counted})
    shown = Table("thousand instructions a message", *(f"{each} at once" for each in at_once))
    found = {(each.service, each.at_once): each.instructions for each in counted}
    services = dict.fromkeys(each.service for each in counted)
    for service in services:
        shown.add_row(service, *(f"{found[service, each] / 1e3:,.1f}" for each in at_once))
    if len(services) > 1:
        sums = (sum(found[service, each] for service in services) for each in at_once)
        shown.add_row("all of them", *(f"{each / 1e3:,.1f}" for each in sums))
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=SERVICES, help="one service (all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was counted")
    parser.add_argument("--replay", choices=SERVICES, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.replay:
        replay_in_forks(given.replay, dict(given.rounds))
        return 0
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        print(_MISSING, file=sys.stderr)
        return 2
    console, counted = Console(), []
    for service in (given.only,) if given.only else SERVICES:
        console.print(f"{service} …")
        try:
            counted += count(service, ROUNDS, valgrind)
        except (BenchmarkFailed, subprocess.TimeoutExpired) as error:
            print(f"bench-instructions: {error}", file=sys.stderr)
            return 2
    console.print(table(counted))
    if given.json is not None:
        measured = {f"{each.service} {each.at_once}": each.instructions for each in counted}
        given.json.write_text(json.dumps(measured, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
