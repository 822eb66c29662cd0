"""`make mutate`: change the code in small ways, and see whether tests notice.

    python -m tests-e2e.mutations.run [--only TEXT] [--sample N] [--seed N] [--jobs N]

Changes modules in memory only: no file is written. For each change, runs the tests of its part
that execute the changed statement, until one fails. Prints each change that no test noticed, with
the number of these tests, and the share of those noticed for each part. Exit status 1 if that share
is below 95 % of all.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from multiprocessing.connection import wait
from pathlib import Path
from random import Random

from .engines import engines_in
from .equivalents import is_equivalent
from .mutants import Mutant, mutants_of
from .parts import PARTS, Part
from .pytest_runs import Change, PytestRun, import_libraries, record_reach
from .reach import Reach

REPOSITORY = Path(__file__).parents[2]
NOTICED_MIN = 0.95

type Environment = Mapping[str, str]


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
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="angarium-mutants-")))
        # Postgres runs as another user where the tests run as root.
        folder.chmod(0o711)
        jobs = [stack.enter_context(engines_in(folder / str(job))) for job in range(given.jobs)]
        for part in PARTS:
            if given.only in part.name:
                mutants = _chosen(part, given.sample, given.seed)
                if not mutants:
                    sys.exit(f"{part.name}: nothing to change in {', '.join(part.modules)}")
                began_s = time.monotonic()
                survivors = _test(part, mutants, jobs)
                took_s = time.monotonic() - began_s
                noticed += len(mutants) - len(survivors)
                total += len(mutants)
                share = 1 - len(survivors) / len(mutants)
                print(f"{part.name}: {len(mutants)} mutants, {share:.1%} noticed, {took_s:.0f} s")
    if not total:
        sys.exit(f"No part has a name that contains {given.only!r}; see parts.py")
    share = noticed / total
    print(f"All: {total} mutants, {share:.1%} noticed")
    return 0 if share >= NOTICED_MIN else 1


def _chosen(part: Part, sample: int, seed: int) -> list[Mutant]:
    mutants = [
        mutant
        for path in _modules(part)
        for mutant in mutants_of(
            str(path.relative_to(REPOSITORY)), path.read_text(), filters_only=part.filters_only
        )
    ]
    # So that a larger sample contains the smaller ones.
    Random(f"{seed} {part.name}").shuffle(mutants)
    texts = {mutant.module: (REPOSITORY / mutant.module).read_text() for mutant in mutants}
    changes = (
        mutant
        for mutant in mutants
        if mutant.changes(texts[mutant.module])
        and not is_equivalent(mutant.module, mutant.changed_line(texts[mutant.module]))
    )
    return list(islice(changes, sample or None))


def _modules(part: Part) -> list[Path]:
    found = []
    for pattern in part.modules:
        modules = sorted(REPOSITORY.glob(pattern))
        if not modules:
            sys.exit(f"{part.name}: there is no module {pattern}; see parts.py")
        found += modules
    return found


def _test(part: Part, mutants: Sequence[Mutant], jobs: Sequence[Environment]) -> list[Mutant]:
    """The mutants that no test notices."""
    modules = [str(path.relative_to(REPOSITORY)) for path in _modules(part)]
    arguments = (*part.tests, *part.readers, *part.options)
    reach = record_reach(REPOSITORY, modules, arguments, jobs[0])
    if reach is None:
        sys.exit(f"{part.name}: the tests fail without any change; see {part.tests}")
    import_libraries(reach.libraries)
    survivors = []
    waiting = list(reversed(mutants))
    free = list(jobs)
    running: list[tuple[Mutant, PytestRun, Environment, float]] = []
    while waiting or running:
        while waiting and free:
            mutant = waiting.pop()
            env = free.pop()
            run = _start(mutant, part, reach, env)
            if run is None:
                _report(mutant, "tests: none")
                survivors.append(mutant)
                free.append(env)
            else:
                running.append((mutant, run, env, time.monotonic()))
        wait([run.sentinel for _, run, _, _ in running], timeout=1.0)
        for each in tuple(running):
            mutant, run, env, began_s = each
            if not wait([run.sentinel], timeout=0):
                if time.monotonic() - began_s < run.timeout_s:
                    continue
                run.kill()
            running.remove(each)
            free.append(env)
            if run.passed():
                _report(mutant, f"tests: {run.tests}")
                survivors.append(mutant)
        if sys.stderr.isatty():
            done = len(mutants) - len(waiting) - len(running)
            print(f"\r{part.name}: {done} of {len(mutants)}", end="\r", file=sys.stderr)
    return survivors


def _start(mutant: Mutant, part: Part, reach: Reach, env: Environment) -> PytestRun | None:
    path = REPOSITORY / mutant.module
    code = path.read_text()
    executing = reach.tests_of(mutant.module, code, mutant.line)
    readers = [test for test in reach.durations_s if test.partition("::")[0] in part.readers]
    tests = list(dict.fromkeys([*executing, *readers]))
    if not tests:
        return None
    files = sorted({test.partition("::")[0] for test in tests})
    return PytestRun(
        REPOSITORY, Change(path, mutant.apply(code)), (*files, *part.options), tests, reach, env
    )


def _report(mutant: Mutant, why: str) -> None:
    changed = mutant.changed_line((REPOSITORY / mutant.module).read_text())
    print(f"  {mutant.module}:{mutant.line}: {mutant.operator}: {changed} ({why})", flush=True)


if __name__ == "__main__":
    sys.exit(main())
