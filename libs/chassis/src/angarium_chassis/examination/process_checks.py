"""Judges the processes of a platform: which run, their versions and their clocks."""

from collections.abc import Sequence
from typing import Final

from angarium_chassis.wording import counted, lasted

from .findings import Finding, ok, problem, warning
from .process_state import SILENT_S, ProcessState

SUBJECT: Final = "processes"
CLOCK_WARNING_MS: Final = 1_000
CLOCK_PROBLEM_MS: Final = 30_000
NAMED_MAX: Final = 3
SERVICES: Final = ("gateway", "dispatcher", "worker")


def judge_processes(processes: Sequence[ProcessState], *, now_ms: int) -> list[Finding]:
    """Judge the processes. `now_ms` is Unix time by Redis's clock."""
    living = [each for each in processes if now_ms - each.seen_at_ms < SILENT_S * 1_000]
    findings = [
        problem(SUBJECT, f"No {service} runs.", f"Start a {service}, or read its log.")
        for service in SERVICES
        if not any(each.service == service for each in living)
    ]
    findings += [_silent(each, now_ms) for each in processes if each not in living]
    versions = sorted({each.version for each in living})
    if len(versions) > 1:
        findings.append(
            warning(
                SUBJECT,
                f"They have different versions: {', '.join(versions)}.",
                "Finish the upgrade: restart the processes of earlier versions.",
            )
        )
    findings += _keys(living)
    findings += judge_stream_counts(living)
    findings += [found for each in living for found in _clock(each)]
    if findings:
        return findings
    counts = ", ".join(
        counted(sum(each.service == service for each in living), service) for service in SERVICES
    )
    return [ok(SUBJECT, f"Running: {counts}, of version {versions[0]}.")]


def _silent(each: ProcessState, now_ms: int) -> Finding:
    ago = lasted((now_ms - each.seen_at_ms) / 1_000)
    return warning(
        SUBJECT,
        f"The {each.service} {each.id[:8]} on {each.host} (process {each.pid}) was last seen {ago}"
        " ago, and has not stopped properly.",
        f"Read its log. If it was killed, and another {each.service} runs, nothing is to be done:"
        " it is forgotten after an hour.",
    )


def _keys(living: Sequence[ProcessState]) -> list[Finding]:
    known = [each for each in living if each.key_ids]
    current = {each.key_ids[0] for each in known}
    if len(current) < 2:
        return []
    lacking = [each for each in known if current - set(each.key_ids)]
    if lacking:
        first = lacking[0]
        return [
            problem(
                SUBJECT,
                f"The {first.service} {first.id[:8]} on {first.host} cannot decrypt what others"
                f" encrypt with the keys {', '.join(sorted(current - set(first.key_ids)))}.",
                "Add the keys to its ANGARIUM_ENCRYPTION_KEY_FALLBACKS, and restart it.",
            )
        ]
    return [
        warning(
            SUBJECT,
            f"They encrypt with different keys: {', '.join(sorted(current))}.",
            "Finish the change of ANGARIUM_ENCRYPTION_KEY: set it to the new key for every service,"
            " with the former one in ANGARIUM_ENCRYPTION_KEY_FALLBACKS.",
        )
    ]


def judge_stream_counts(living: Sequence[ProcessState]) -> list[Finding]:
    """A warning if the processes have different numbers of streams."""
    by_count: dict[int, list[ProcessState]] = {}
    for each in living:
        if each.stream_count is not None:
            by_count.setdefault(each.stream_count, []).append(each)
    if len(by_count) < 2:
        return []
    values = "; ".join(
        f"{count} in {', '.join(f'{each.service} {each.id[:8]}' for each in found[:NAMED_MAX])}"
        f"{f' and {len(found) - NAMED_MAX} more' if len(found) > NAMED_MAX else ''}"
        for count, found in sorted(by_count.items())
    )
    return [
        warning(
            SUBJECT,
            f"They have different values of ANGARIUM_STREAM_COUNT: {values}.",
            "Finish the change: restart the processes that have the former value. Until then, every"
            " stream that a gateway publishes to is read.",
        )
    ]


def _clock(each: ProcessState) -> list[Finding]:
    apart_ms = each.clock_ms - each.seen_at_ms
    if abs(apart_ms) < CLOCK_WARNING_MS:
        return []
    kind = problem if abs(apart_ms) >= CLOCK_PROBLEM_MS else warning
    way = "ahead of" if apart_ms > 0 else "behind"
    return [
        kind(
            "clocks",
            f"The clock of the {each.service} on {each.host} is {abs(apart_ms) / 1_000:,.1f} s"
            f" {way} Redis's.",
            "Synchronise the machines' clocks (NTP). Receivers refuse signatures that are 5 min"
            " off.",
        )
    ]
