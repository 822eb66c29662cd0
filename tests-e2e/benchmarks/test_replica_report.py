"""Loads on replicas are accounted for by process, and changes by the time of each message."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from replica_processes import WorkDone
from replica_report import Change, Load, unevenness
from tools import Accepted, Received

MS = 1_000_000
ACCEPTED = [Accepted(f"m{number}", number * MS, 0, 0) for number in range(10)]


def received(*, but: str = "", times: int = 1) -> list[Received]:
    return [Received(each.id, times, each.due_ns + 3 * MS) for each in ACCEPTED if each.id != but]


def test_a_load_adds_up_its_processes() -> None:
    load = Load.of(
        ACCEPTED,
        received(but="m4"),
        took_s=2.0,
        cpu_s=[("gateway", 0.01), ("worker", 0.002), ("worker", 0.003)],
        done=[
            ("gateway", WorkDone(10, 5)),
            ("worker", WorkDone(4, 2).since(WorkDone(0, 1))),
            ("worker", WorkDone(6, 3)),
        ],
    )

    assert (load.messages, load.rate, load.lost, load.duplicates) == (10, 5.0, 1, 0)
    assert load.cpu_ms == {"gateway": 1.0, "worker": 0.5}
    assert load.all_cpu_ms == 1.5
    assert load.group_messages == {"gateway": 2.0, "worker": 2.5}
    assert load.uneven == {"gateway": 0.0, "worker": 0.2}
    assert load.end_to_end_ms["p50"] == 3.0


def test_a_message_belongs_to_the_stretch_in_which_it_was_due() -> None:
    marks = [("before", 1 * MS), ("after", 7 * MS)]

    before, after = Change.between(marks, ACCEPTED, received(but="m8", times=2))

    assert (before.messages, before.lost, before.duplicates) == (7, 0, 7)
    assert (after.messages, after.lost, after.duplicates) == (3, 1, 2)


def test_nothing_done_is_not_uneven() -> None:
    assert unevenness([0, 0]) == unevenness([]) == 0.0
