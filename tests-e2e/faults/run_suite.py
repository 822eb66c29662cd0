"""`make faults`: break everything under load, and print what it did.

    python -m tests-e2e.faults.run_suite [--only TEXT] [--core] [--seed N] [--patience F] [--keep]

Exit status 1 when a ledger does not add up; then logs and data stay in the folder that is
printed.
"""

import argparse
import secrets
import shutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from .catalogue import CORE, SCENARIOS, Scenario
from .cluster_stage import ClusterStage
from .preloaded import BreakablePostgres
from .stage import Stage
from .suite_table import heading, line, summary
from .trial import Account


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Break everything under load.")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--core", action="store_true", help="the short core only")
    parser.add_argument("--seed", type=int, default=None, help="of the random moments")
    parser.add_argument("--keep", action="store_true", help="keep logs and data in any case")
    parser.add_argument(
        "--patience", type=float, default=1.0, help="factor of all bounds of time, if others work"
    )
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    return parser.parse_args()


def _run(scenario: Scenario, stage: Stage, seed: int) -> list[Account]:
    try:
        return scenario.run(stage, Random(f"{seed} {scenario.name}"))
    except Exception as error:  # noqa: BLE001 - the next scenario is to run
        traceback.print_exc()
        account = Account(scenario.name)
        account.problems.append(f"{type(error).__name__}: {error}"[:500])
        return [account]


def _stage(folder: Path, scenario: Scenario, patience: float) -> Stage:
    if scenario.cluster:
        return ClusterStage(folder, patience=patience).__enter__()
    postgres = BreakablePostgres(folder / "postgres")
    return Stage(folder, patience=patience, postgres=postgres).__enter__()


def _run_all(chosen: list[Scenario], folder: Path, seed: int, patience: float) -> list[Account]:
    """Those that mostly wait run beside the others, on a stage of their own; then those of a
    cluster."""
    with ThreadPoolExecutor(2) as threads:
        running = [
            threads.submit(_run_in_turn, some, folder / name, seed, patience)
            for name, some in (
                ("busy", [one for one in chosen if not (one.waits or one.cluster)]),
                ("waiting", [one for one in chosen if one.waits]),
                ("cluster", [one for one in chosen if one.cluster]),
            )
        ]
        return [account for one in running for account in one.result()]


def _run_in_turn(chosen: list[Scenario], folder: Path, seed: int, patience: float) -> list[Account]:
    accounts: list[Account] = []
    stages = 0
    stage: Stage | None = None
    try:
        for scenario in chosen:
            if stage is None:
                stages += 1
                stage = _stage(folder / f"stage-{stages}", scenario, patience)
            began_s = time.monotonic()
            found = _run(scenario, stage, seed)
            accounts += found
            lines = [line(account) for account in found]
            lines.append(f"    {time.monotonic() - began_s:.0f} s")
            print("\n".join(lines), flush=True)
            if any(account.problems for account in found):
                # What it left may spoil the next: that gets a stage of its own.
                stage.__exit__()
                stage = None
    finally:
        if stage is not None:
            stage.__exit__()
    return accounts


def main() -> int:
    given = _arguments()
    known = CORE if given.core else SCENARIOS
    chosen = [scenario for scenario in known if given.only in scenario.name]
    if not chosen:
        print(f"No scenario has a name that contains {given.only!r}; see --list", file=sys.stderr)
        return 2
    if given.list:
        print("\n".join(scenario.name for scenario in chosen))
        return 0
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    folder = Path(tempfile.mkdtemp(prefix="angarium-faults-"))
    folder.chmod(0o711)
    print(f"seed {seed}; logs and data in {folder}")
    print(heading(), flush=True)
    began_s = time.monotonic()
    accounts = _run_all(chosen, folder, seed, given.patience)
    print(summary(accounts))
    print(f"{time.monotonic() - began_s:.0f} s")
    failed = any(account.problems for account in accounts)
    if failed or given.keep:
        print(f"Logs and data are in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
