"""A Valkey and a Postgres for the tests of one job, in a process of their own.

    python -m tests-e2e.mutations.engines FOLDER

Prints their URLs, and stops them when its standard input ends.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_NAMES = ("ANGARIUM_TEST_REDIS_URL", "ANGARIUM_TEST_POSTGRES_URL")


@contextmanager
def engines_in(folder: Path) -> Iterator[Mapping[str, str]]:
    """The environment of tests that use these engines."""
    # Of another process: this one must not import what it changes.
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()


def _serve(folder: Path) -> None:
    from angarium_cli.engines import PostgresProcess, ValkeyProcess

    # Ctrl-C goes to the whole group; these end with the process that uses them.
    os.setpgid(0, 0)
    valkey = ValkeyProcess(folder / "valkey", append_only=False)
    postgres = PostgresProcess(folder / "postgres", fsync=False)
    try:
        valkey.start()
        postgres.start()
        urls = (str(valkey.url), str(postgres.uri()))
        print(json.dumps(dict(zip(_NAMES, urls, strict=True))), flush=True)
        sys.stdin.read()
    finally:
        postgres.stop()
        valkey.stop()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
