"""`make test-alerts`: break what every alert watches, and see it fire and resolve.

    python -m tests-e2e.alerts.run_alerts PROMETHEUS [--only PATTERN] [--write-page] [--keep]

Exit status 1 when an alert fires on a healthy platform, or one does not fire or resolve in time;
then logs and data stay in the folder that is printed.
"""

import argparse
import re
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from ..deployment.compose_processes import free_port  # noqa: TID252 - tests are no package
from .acts import ACTS
from .alert_table import heading, lines, write_page
from .platform import Platform
from .prometheus_server import PrometheusServer
from .watching import Outcome, fires_within, play

HEALTHY_S = 110.0
"""Longer than the longest `for` and range together, as shortened."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="See every alert fire.")
    parser.add_argument("prometheus", type=Path, help="the server's program")
    parser.add_argument("--only", default="", help="acts that match this pattern")
    parser.add_argument("--write-page", action="store_true", help="into docs/explanation")
    parser.add_argument("--keep", action="store_true", help="keep logs and data in any case")
    parser.add_argument("--healthy-s", type=float, default=HEALTHY_S, help="to watch before")
    return parser.parse_args()


def _run(given: argparse.Namespace, folder: Path) -> bool:
    """True if everything fired and resolved."""
    with (
        Platform(folder / "platform") as platform,
        PrometheusServer(
            given.prometheus.absolute(), folder / "prometheus", free_port(), platform.targets()
        ) as prometheus,
    ):
        wrong = fires_within(prometheus, given.healthy_s)
        if wrong:
            print(f"PROBLEM: on a healthy platform, {', '.join(sorted(wrong))} fired")
            return False
        print(f"None fired within {given.healthy_s:g} s.\n{heading()}", flush=True)
        outcomes: list[Outcome] = []
        for act in ACTS:
            if re.search(given.only, act.name):
                outcomes.append(play(act, platform, prometheus))
                print(lines(outcomes[-1]), flush=True)
        failed = any(outcome.failed for outcome in outcomes)
        if given.write_page and not failed and not given.only:
            write_page(outcomes, healthy_s=given.healthy_s, today=datetime.now(UTC).date())
        return not failed


def main() -> int:
    given = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="angarium-alerts-"))
    folder.chmod(0o711)
    print(f"Logs and data in {folder}", flush=True)
    began_s = time.monotonic()
    succeeded = False
    try:
        succeeded = _run(given, folder)
    finally:
        print(f"{time.monotonic() - began_s:.0f} s")
        if succeeded and not given.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
