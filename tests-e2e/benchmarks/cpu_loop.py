"""A plain loop of computations: how much CPU time this machine takes for a fixed piece of work."""

import time

ROUNDS = 20_000
_TABLE_ENTRIES = 512


def cpu_loop_us() -> float:
    """CPU microseconds of `ROUNDS` rounds: integers, a dictionary, strings and calls, as programs
    in Python use them, in a table that fits into the cache."""
    started_ns = time.process_time_ns()
    table: dict[int, str] = {}
    checksum = 0
    for number in range(ROUNDS):
        key = (number * 31 + checksum) % _TABLE_ENTRIES
        table[key] = f"{number}:{len(table)}"
        checksum = (checksum * 33 + len(table[key])) & 0xFFFFFFFF
    return (time.process_time_ns() - started_ns) / 1e3
