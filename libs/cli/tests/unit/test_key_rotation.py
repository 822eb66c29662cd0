"""Judgements of a rotation: fallbacks that are needed, processes in its way, and its outcome."""

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest
from angarium_chassis.database.resealing import UNREADABLE, Rotated
from angarium_chassis.examination.findings import Level
from angarium_chassis.examination.process_checks import judge_processes
from angarium_chassis.examination.process_state import ProcessState
from angarium_chassis.sealing import Seal
from angarium_cli.databases import encryption_key
from angarium_cli.doctor.key_checks import judge_fallbacks
from angarium_cli.encryption.key_processes import living
from angarium_cli.encryption.progress import show_outcome
from angarium_cli.failure import CommandFailed
from angarium_cli.services import ServiceName

OLD, NEW = Seal(b"o" * 32).key_id, Seal(b"n" * 32).key_id
BEFORE, AFTER = Seal(b"o" * 32, [b"n" * 32]), Seal(b"n" * 32, [b"o" * 32])


@pytest.mark.parametrize(
    ("seal", "needed", "level", "sentence"),
    [
        (BEFORE, (OLD,), Level.OK, f"No database needs the fallback {NEW}."),
        (AFTER, (OLD,), Level.WARNING, f"need the fallback {OLD}, and not the current key {NEW}"),
        (AFTER, (NEW, OLD), Level.WARNING, f"{OLD} is still needed by: gateway, worker."),
        (AFTER, (NEW,), Level.OK, f"No database needs the fallback {OLD}."),
    ],
)
def test_each_step_of_a_rotation_is_judged(
    seal: Seal, needed: tuple[str, ...], level: Level, sentence: str
) -> None:
    (finding,) = judge_fallbacks(seal, {"gateway": needed, "worker": needed})
    assert finding.level is level
    assert sentence in finding.sentence


def test_a_key_without_fallbacks_needs_no_words() -> None:
    assert judge_fallbacks(Seal(b"n" * 32), {"gateway": (NEW,)}) == []


def process(*key_ids: str, seen_at_ms: int = 60_000) -> ProcessState:
    return ProcessState("worker", "w", "1", "host", 1, 0, 0, seen_at_ms, key_ids=key_ids)


def test_processes_that_are_silent_do_not_hold_a_rotation_up() -> None:
    current, dead = process(NEW, OLD), process(OLD, seen_at_ms=29_000)

    assert living([current, dead], now_ms=60_000) == [current]


@pytest.mark.parametrize(
    ("others", "level", "sentence"),
    [
        ([process(OLD)], Level.PROBLEM, f"cannot decrypt what others encrypt with the keys {NEW}."),
        ([process(OLD, NEW)], Level.WARNING, "They encrypt with different keys: "),
        ([process(NEW)], None, ""),
        ([process()], None, ""),
    ],
)
def test_processes_without_each_others_keys_are_a_problem(
    others: list[ProcessState], level: Level | None, sentence: str
) -> None:
    findings = judge_processes([process(NEW, OLD), *others], now_ms=60_000)

    about_keys = [each for each in findings if "crypt" in each.sentence]
    assert [each.level for each in about_keys] == ([] if level is None else [level])
    assert all(sentence in each.sentence for each in about_keys)


def test_commands_read_the_keys_from_variables_or_files(tmp_path: Path) -> None:
    old, new = (base64.b64encode(each * 32).decode() for each in (b"o", b"n"))
    files = {"ANGARIUM_ENCRYPTION_KEY": new, "ANGARIUM_ENCRYPTION_KEY_FALLBACKS": old}
    for variable, key in files.items():
        (tmp_path / variable).write_text(f"{key}\n")
    from_files = {f"{variable}_FILE": str(tmp_path / variable) for variable in files}

    for environment in (files, from_files):
        seal = encryption_key(environment)
        assert seal is not None
        assert seal.key_ids == (NEW, OLD)
    assert encryption_key({"ANGARIUM_ENCRYPTION_KEY_FALLBACKS": old}) is None
    with pytest.raises(CommandFailed, match=r"KEY_FALLBACKS: .*base64") as failed:
        encryption_key(files | {"ANGARIUM_ENCRYPTION_KEY_FALLBACKS": "hunter2"})
    assert "hunter2" not in str(failed.value)


DONE = Rotated(3, {}, complete=True)


@pytest.mark.parametrize(
    ("worker", "line"),
    [
        (DONE, "worker: 3 secrets encrypted again; all are under the current key"),
        (Rotated(1, {UNREADABLE: 2}, complete=True), "worker: 1 secret encrypted again; 2 values"),
        (Rotated(0, {OLD: 2}, complete=False), f"2 need key {OLD}, which is not set"),
        (Rotated(5, {}, complete=False), "a process with another key writes or starts"),
    ],
)
def test_the_outcome_says_what_is_left(worker: Rotated, line: str) -> None:
    outcomes: Mapping[ServiceName, Rotated] = {"gateway": DONE, "worker": worker}
    lines: list[str] = []

    assert show_outcome(outcomes, lines.append) == worker.complete
    assert any(line in each for each in lines)
    assert ("Run `angarium encryption rotate` again." in lines[-1]) == (not worker.complete)
