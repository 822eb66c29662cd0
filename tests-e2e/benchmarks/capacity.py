"""The needs of a workload at 1,000 to 1,000,000 messages a second: `make capacity` runs it.

Of the measured costs in capacity_measures.json; with `--write`, it writes the page of the
documentation and its picture.
"""

import argparse
import sys

import capacity_page
from capacity_costs import Workload
from capacity_measures import read
from capacity_model import RATES, Limits
from rich.console import Console
from rich.table import Table


def _arguments() -> argparse.Namespace:
    limits = Limits()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--payload-kib", type=float, default=1.0, help="of a message (1)")
    add("--fan-out", type=int, default=1, help="endpoints of a message (1)")
    add("--failing", type=float, default=0.01, help="share whose first attempt fails (0.01)")
    add("--retention-days", type=int, default=limits.retention_days, help="(90)")
    add("--use", type=float, default=limits.use, help="share of a core that is planned for (0.6)")
    add("--postgres-cores", type=int, default=limits.postgres_cores, help="of a server (32)")
    add("--postgres-wal-mb", type=float, default=limits.postgres_wal_mb_per_s, help="MB/s (300)")
    add("--postgres-tb", type=float, default=limits.postgres_tb, help="of a server (20)")
    add("--write", action="store_true", help="write docs/explanation/capacity.md")
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    measures = read()
    if given.write:
        capacity_page.write(measures)
        return 0
    limits = Limits(
        use=given.use,
        postgres_cores=given.postgres_cores,
        postgres_wal_mb_per_s=given.postgres_wal_mb,
        postgres_tb=given.postgres_tb,
        retention_days=given.retention_days,
    )
    try:
        workload = Workload(given.payload_kib, given.fan_out, given.failing)
    except ValueError as error:
        print(f"capacity: {error}", file=sys.stderr)
        return 2
    table = Table(str(workload), *(f"{rate:,}/s" for rate in RATES))
    for row in capacity_page.need_rows(measures, workload, limits):
        table.add_row(*(cell.replace("**", "") for cell in row))
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
