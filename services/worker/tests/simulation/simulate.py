"""The simulation as a program: `simulate SEED` replays a seed with its log of events, `simulate
--seeds N` runs many, on all cores."""

import argparse
import sys
import time
from collections.abc import Iterable
from multiprocessing import get_context

from .run_seed import Found, run_seed

AT_ONCE = 100
SHOWN_MAX = 20


def replay(seed: int) -> int:
    """Print what happens in this seed."""
    trace: list[str] = []
    found = run_seed(seed, trace=trace)
    print("\n".join(trace))
    print(found or f"seed {seed}: every invariant holds")
    return 1 if found else 0


def _run_some(seeds: Iterable[int]) -> list[Found]:
    return [found for seed in seeds if (found := run_seed(seed)) is not None]


def run_many(first: int, count: int) -> int:
    """Run that many seeds and print those in which an invariant did not hold."""
    began_s = time.monotonic()
    end = first + count
    parts = [range(start, min(start + AT_ONCE, end)) for start in range(first, end, AT_ONCE)]
    # New processes now and then: in each, buried worlds take 50 MB for a hundred seeds. The pool of
    # `concurrent.futures` hangs when it replaces a process (https://github.com/python/cpython/issues/115634).
    with get_context("spawn").Pool(maxtasksperchild=10) as all_cores:
        found = [each for some in all_cores.imap(_run_some, parts) for each in some]
    for each in found[:SHOWN_MAX]:
        print(each)
    print(
        f"{count} seeds from {first} in {time.monotonic() - began_s:.0f} s,"
        f" {len(found)} with a violation"
    )
    return 1 if found else 0


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="replay this one, with its log of events")
    parser.add_argument("--seeds", type=int, default=20_000, help="how many to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    options = parser.parse_args()
    if options.seed is not None:
        return replay(options.seed)
    return run_many(options.first, options.seeds)


if __name__ == "__main__":
    sys.exit(main())
