"""The doctor's judgement of facts: levels, sentences, remedies."""

import json
from dataclasses import replace

import pytest
from angarium_chassis.examination.clocks import ClockReading, judge_clocks
from angarium_chassis.examination.directory_checks import judge_directory
from angarium_chassis.examination.findings import Finding, Level, ok, problem, warning, worst
from angarium_chassis.examination.group_state import Consumer, GroupState
from angarium_chassis.examination.redis_checks import judge_quarantine, judge_redis
from angarium_chassis.examination.stream_checks import groups_read_by, judge_group
from angarium_chassis.wording import lasted
from angarium_cli.doctor.report import as_json
from angarium_gateway.examination.journal_checks import judge_journal
from angarium_gateway.examination.journal_state import JournalState
from angarium_worker.examination.deliveries import Overdue, PendingState
from angarium_worker.examination.delivery_checks import judge_pending
from hypothesis import given
from hypothesis import strategies as st

WELL = GroupState(
    "deliveries.requested:{0}",
    "workers",
    exists=True,
    length=5,
    pending=2,
    oldest_s=0.2,
    consumers=(Consumer("alive", 2, 0.5),),
)
JOURNAL = JournalState(open=3, stuck=0, oldest_s=0, set_aside=0, gateways=1, late_s=None)
SERVER = {"redis_version": "7.2.4", "valkey_version": "9.1.0", "role": "master"}


def level_and_text(findings: list[Finding]) -> tuple[Level, str]:
    for finding in findings:
        assert finding.sentence.endswith("."), finding
        assert (finding.remedy is None) == (finding.level is Level.OK), finding
    return worst(findings), " ".join(finding.sentence for finding in findings)


@pytest.mark.parametrize(
    ("state", "level", "told"),
    [
        (WELL, Level.OK, "Read by 1; 3 waiting, 2 in progress."),
        (replace(WELL, exists=False), Level.PROBLEM, "The group workers does not exist"),
        (replace(WELL, consumers=()), Level.PROBLEM, "No worker reads it."),
        (
            replace(WELL, consumers=(Consumer("gone", 0, 240.0),)),
            Level.PROBLEM,
            "No worker reads it; it was last read 4 min ago.",
        ),
        (
            replace(WELL, abandoned=2, consumers=(*WELL.consumers, Consumer("gone", 2, 90.0))),
            Level.PROBLEM,
            (
                "2 entries taken and not finished, and no other worker takes over; held by dead"
                " consumers: gone (2)."
            ),
        ),
        (replace(WELL, oldest_s=75.0), Level.WARNING, "the oldest for 75 s"),
        (replace(WELL, oldest_s=900.0), Level.PROBLEM, "the oldest for 15 min"),
        (
            replace(WELL, consumers=(*WELL.consumers, Consumer("gone", 0, 9e4))),
            Level.OK,
            "1 name of earlier processes, harmless",
        ),
        (
            replace(
                WELL,
                consumers=(*WELL.consumers, *[Consumer(f"{n}", 0, 9e4) for n in range(1_001)]),
            ),
            Level.WARNING,
            "1,001 consumers of earlier processes",
        ),
    ],
)
def test_groups(state: GroupState, level: Level, told: str) -> None:
    found = level_and_text(judge_group(state))

    assert found[0] is level
    assert told in found[1]


def test_every_stream_of_the_hot_path_is_looked_at() -> None:
    streams = [stream for stream, _ in groups_read_by(("gateway", "dispatcher", "worker"), [0, 1])]

    assert streams == [
        "gateway.queries",
        "messages.accepted:{0}",
        "messages.accepted:{1}",
        "dispatcher.queries",
        "deliveries.requested:{0}",
        "deliveries.requested:{1}",
        "worker.queries",
    ]


@pytest.mark.parametrize(
    ("state", "in_streams", "level", "told"),
    [
        (JOURNAL, 0, Level.OK, "3 batches are open, none for too long."),
        (replace(JOURNAL, gateways=0), 0, Level.PROBLEM, "No gateway runs"),
        (replace(JOURNAL, set_aside=1), 0, Level.PROBLEM, "1 batch is set aside"),
        (
            replace(JOURNAL, stuck=1, oldest_s=700),
            0,
            Level.PROBLEM,
            "1 batch is open for too long, the oldest for 12 min, and no part of them",
        ),
        (replace(JOURNAL, stuck=1, oldest_s=700), None, Level.PROBLEM, "open for too long"),
        (
            replace(JOURNAL, stuck=100, oldest_s=700),
            8,
            Level.WARNING,
            "At least 100 batches are open for too long, the oldest for 12 min; 8 entries",
        ),
        (replace(JOURNAL, late_s=3.0), 0, Level.OK, ""),
        (replace(JOURNAL, late_s=90.0), 0, Level.WARNING, "has been due for 90 s"),
    ],
)
def test_batches(state: JournalState, in_streams: int | None, level: Level, told: str) -> None:
    found = level_and_text(judge_journal(state, in_streams=in_streams))

    assert found[0] is level
    assert told in found[1]


def test_what_is_overdue_is_a_warning() -> None:
    none, some = Overdue(0, 0.0), Overdue(2, 400.0)

    assert level_and_text(judge_pending(PendingState(none, none)))[0] is Level.OK
    found = level_and_text(judge_pending(PendingState(some, some)))
    assert found[0] is Level.WARNING
    assert "2 pending deliveries are overdue, the first for 7 min." in found[1]
    assert "2 endpoints' lanes are overdue" in found[1]
    many = level_and_text(judge_pending(PendingState(Overdue(10_000, 1.0), none)))
    assert many[1].startswith("At least 10,000")


@pytest.mark.parametrize(
    ("info", "level", "told"),
    [
        (SERVER, Level.OK, "Valkey 9.1.0 answers."),
        ({"redis_version": "7.4.1"}, Level.OK, "Redis 7.4.1 answers."),
        ({"redis_version": "6.2.0"}, Level.PROBLEM, "Redis 6.2.0 is too old."),
        (SERVER | {"role": "slave"}, Level.PROBLEM, "is a replica"),
        (
            SERVER | {"maxmemory": 100 << 20, "maxmemory_policy": "allkeys-lru"},
            Level.WARNING,
            "evicts streams",
        ),
        (
            SERVER | {"maxmemory": 100 << 20, "used_memory": 90 << 20},
            Level.WARNING,
            "90 of 100 MiB",
        ),
        (SERVER | {"maxmemory": 0, "maxmemory_policy": "allkeys-lru"}, Level.OK, ""),
    ],
)
def test_redis(info: dict[str, object], level: Level, told: str) -> None:
    found = level_and_text(judge_redis(info))

    assert found[0] is level
    assert told in found[1]


@pytest.mark.parametrize(
    ("shown_s", "level", "told"),
    [
        (100.2, Level.OK, "1 clock and this machine's agree."),
        (105.0, Level.WARNING, "The clock of Redis is 4.0 s ahead of this machine's."),
        (92.0, Level.WARNING, "8.0 s behind"),
        (7301.0, Level.PROBLEM, "7,200.0 s ahead"),
    ],
)
def test_clocks(shown_s: float, level: Level, told: str) -> None:
    found = level_and_text(judge_clocks([ClockReading("Redis", 100.0, 101.0, shown_s)]))

    assert found[0] is level
    assert told in found[1]


@given(st.floats(0, 1e9), st.floats(0, 60), st.floats(-1e6, 1e6))
def test_a_slow_answer_is_no_difference_of_clocks(
    before_s: float, took_s: float, apart_s: float
) -> None:
    after_s = before_s + took_s
    apart = ClockReading("it", before_s, after_s, before_s + took_s / 2 + apart_s).apart_s

    assert abs(apart) <= abs(apart_s) + 1e-3
    assert apart == 0 or (apart > 0) == (apart_s > 0)


def test_copies_of_the_directory() -> None:
    assert judge_directory("worker", held=4, directory=4)[0].level is Level.OK
    behind = judge_directory("worker", held=3, directory=4)[0]
    assert (behind.level, behind.sentence) == (
        Level.WARNING,
        "It is 1 change behind the dispatcher's directory.",
    )
    assert "restored from a backup" in judge_directory("worker", held=5, directory=4)[0].sentence


def test_the_quarantine_is_a_warning_for_each_service_with_entries_in_it() -> None:
    assert judge_quarantine({"gateway": 0, "worker": 0})[0].level is Level.OK
    (found,) = judge_quarantine({"gateway": 0, "worker": 2})
    assert (found.level, found.subject) == (Level.WARNING, "worker quarantine")


def test_the_worst_level_counts_and_json_has_all() -> None:
    findings = [ok("a", "Fine."), warning("b", "Soon.", "Do."), problem("c", "Broken.", "Mend.")]

    assert worst([]) is Level.OK
    assert worst(findings[:2]) is Level.WARNING
    shown = json.loads(as_json("here", findings))
    assert shown["level"] == "problem"
    assert shown["findings"][2] == {
        "level": "problem",
        "subject": "c",
        "sentence": "Broken.",
        "remedy": "Mend.",
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (172_800, "2 days")],
)
def test_spans_are_told_in_one_unit(seconds: float, text: str) -> None:
    assert lasted(seconds) == text
