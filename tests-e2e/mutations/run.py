"""`make mutate`: change the code in small ways, and see whether tests notice.

    python -m tests-e2e.mutations.run [--only TEXT] [--sample N] [--seed N] [--jobs N]

Works on copies of the repository. Prints each change that no test noticed, and the share of those
noticed for each part. Exit status 1 if that share is below 95 % of all.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from random import Random

from .mutants import Mutant, mutants_of
from .parts import PARTS, Part

REPOSITORY = Path(__file__).parents[2]
NOTICED_MIN = 0.95
_TIMES_LONGER = 5
_PATIENCE_S = 30.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Mutation tests.")
    parser.add_argument("--only", default="", help="parts whose name contains this")
    parser.add_argument("--sample", type=int, default=0, help="mutants of each part; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def main() -> int:
    """Run all parts; the exit status."""
    given = _arguments()
    noticed = total = 0
    with tempfile.TemporaryDirectory(prefix="angarium-mutants-") as folder:
        # Postgres runs as another user where the tests run as root.
        Path(folder).chmod(0o711)
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(given.jobs):
            copies.put(_copy(Path(folder) / str(number)))
        for part in PARTS:
            if given.only in part.name:
                mutants = _chosen(part, given.sample, given.seed)
                if not mutants:
                    sys.exit(f"{part.name}: nothing to change in {', '.join(part.modules)}")
                survivors = _test(part, mutants, copies, given.jobs)
                noticed += len(mutants) - len(survivors)
                total += len(mutants)
                share = 1 - len(survivors) / len(mutants)
                print(f"{part.name}: {len(mutants)} mutants, {share:.1%} noticed", flush=True)
    if not total:
        sys.exit(f"No part has a name that contains {given.only!r}; see parts.py")
    share = noticed / total
    print(f"All: {total} mutants, {share:.1%} noticed")
    return 0 if share >= NOTICED_MIN else 1


def _copy(to: Path) -> Path:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "services", "libs", "conftest.py", "pyproject.toml", "tests-e2e"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name:
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, to / name)
    return to


def _chosen(part: Part, sample: int, seed: int) -> list[Mutant]:
    mutants = [
        mutant
        for path in _modules(part)
        for mutant in mutants_of(
            str(path.relative_to(REPOSITORY)), path.read_text(), filters_only=part.filters_only
        )
    ]
    if 0 < sample < len(mutants):
        return Random(f"{seed} {part.name}").sample(mutants, sample)
    return mutants


def _modules(part: Part) -> list[Path]:
    found = []
    for pattern in part.modules:
        modules = sorted(REPOSITORY.glob(pattern))
        if not modules:
            sys.exit(f"{part.name}: there is no module {pattern}; see parts.py")
        found += modules
    return found


def _nearest_tests(module: str, part: Part) -> list[str]:
    """The test files of the part that import the module: those that may notice soonest."""
    imported = re.compile(rf"(\.|import )({re.escape(Path(module).stem)})\b")
    folders = [REPOSITORY / each for each in part.tests if (REPOSITORY / each).is_dir()]
    return [
        str(path.relative_to(REPOSITORY))
        for folder in folders
        for path in sorted(folder.rglob("test_*.py"))
        if imported.search(path.read_text())
    ]


def _test(
    part: Part, mutants: list[Mutant], copies: "SimpleQueue[Path]", jobs: int
) -> list[Mutant]:
    copy = copies.get()
    began_s = time.monotonic()
    unchanged = _run(copy, (*part.tests, *part.options), timeout_s=3_600)
    copies.put(copy)
    if not unchanged:
        sys.exit(f"{part.name}: the tests fail without any change; see {part.tests}")
    timeout_s = _PATIENCE_S + _TIMES_LONGER * (time.monotonic() - began_s)

    def survives(mutant: Mutant) -> bool:
        copy = copies.get()
        path = copy / mutant.module
        original = path.read_text()
        try:
            path.write_text(mutant.apply(original))
            nearest = _nearest_tests(mutant.module, part)
            if nearest and not _run(copy, (*nearest, *part.options), timeout_s=timeout_s):
                return False
            return _run(copy, (*part.tests, *part.options), timeout_s=timeout_s)
        finally:
            path.write_text(original)
            copies.put(copy)

    survivors = []
    with ThreadPoolExecutor(jobs) as pool:
        for done, (mutant, survived) in enumerate(
            zip(mutants, pool.map(survives, mutants), strict=True), start=1
        ):
            if survived:
                survivors.append(mutant)
                changed = mutant.changed_line((REPOSITORY / mutant.module).read_text())
                print(f"  {mutant.module}:{mutant.line}: {mutant.operator}: {changed}", flush=True)
            if sys.stderr.isatty():
                print(f"\r{part.name}: {done} of {len(mutants)}", end="\r", file=sys.stderr)
    return survivors


def _run(copy: Path, tests: Sequence[str], *, timeout_s: float) -> bool:
    """True if all of these tests pass on this copy, in time."""
    sources = [str(path) for path in sorted(copy.glob("*/*/src"))]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sources),
        # A changed module may be as long and as old as the one before it.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider"]
    process = subprocess.Popen(
        [*command, "--timeout", f"{timeout_s:g}", *tests],
        cwd=copy,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(timeout_s) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
