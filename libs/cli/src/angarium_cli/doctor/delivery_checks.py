"""Judges what stands still: batches, scheduled messages, pending deliveries and lanes."""

from angarium_gateway.examination.journal_state import COUNTED_MAX, OLDEST_EXAMINED, JournalState
from angarium_worker.examination.deliveries import COUNTED_MAX as OVERDUE_MAX
from angarium_worker.examination.deliveries import Overdue, PendingState

from angarium_cli.doctor.findings import Finding, ok, problem, warning
from angarium_cli.wording import counted, lasted

SUBJECT = "gateway batches"
_SCHEDULE_LATE_S = 60.0


def judge_journal(state: JournalState, *, in_streams: int | None) -> list[Finding]:
    """Judge the journal. `in_streams` counts the entries in all streams, None if unknown."""
    findings: list[Finding] = []
    if not state.gateways:
        findings.append(
            problem("gateway", "No gateway runs: messages are not published.", "Start one.")
        )
    if state.set_aside:
        findings.append(
            problem(
                SUBJECT,
                f"{_counted(state.set_aside, 'batch', 'batches')} set aside: all their entries"
                " ended in quarantine, and their messages are not delivered.",
                "See the reasons with `angarium quarantine list`, correct the cause, then run"
                " `angarium quarantine replay --all`.",
            )
        )
    if state.stuck:
        findings.append(_stuck(state, in_streams))
    if state.late_s is not None and state.late_s >= _SCHEDULE_LATE_S:
        findings.append(
            warning(
                "gateway schedule",
                f"A scheduled message has been due for {lasted(state.late_s)}.",
                "Look for scheduler.waits in the gateway's log.",
            )
        )
    if findings:
        return findings
    return [ok(SUBJECT, f"{_counted(state.open, 'batch', 'batches')} open, none for too long.")]


def _stuck(state: JournalState, in_streams: int | None) -> Finding:
    sentence = (
        f"{_counted(state.stuck, 'batch', 'batches', OLDEST_EXAMINED)} open for too long, the"
        f" oldest for {lasted(state.oldest_s)}"
    )
    if in_streams:
        return warning(
            SUBJECT,
            f"{sentence}; {counted(in_streams, 'entry', 'entries')} in the streams are being"
            " processed.",
            "Run the doctor again in a minute: the count should fall. If it grows, add dispatchers"
            " or workers.",
        )
    return problem(
        SUBJECT,
        f"{sentence}, and no part of them is in the streams.",
        "Look for relay.waits, recovery.waits and membership.waits in the gateway's log. Restarting"
        " the gateway publishes the batches again and loses nothing.",
    )


def _counted(count: int, thing: str, things: str, at_most: int = COUNTED_MAX) -> str:
    text = f"{counted(count, thing, things)} {'is' if count == 1 else 'are'}"
    return f"At least {text}" if count >= at_most else text


def judge_pending(state: PendingState) -> list[Finding]:
    """Judge what is overdue. It is late, not lost: a worker takes it as soon as it has capacity."""
    findings: list[Finding] = []
    if state.retries.count:
        findings.append(
            warning(
                "worker retries",
                _overdue(state.retries, "pending delivery is", "pending deliveries are"),
                "Read the worker's log. If the workers are at their capacity, add workers or raise"
                " ANGARIUM_DELIVERIES_IN_FLIGHT_MAX.",
            )
        )
    if state.lanes.count:
        findings.append(
            warning(
                "worker lanes",
                _overdue(state.lanes, "endpoint's lane is", "endpoints' lanes are"),
                "Look for lane errors in the worker's log. Restarting the worker loses nothing.",
            )
        )
    return findings or [ok("worker deliveries", "No pending delivery and no lane is overdue.")]


def _overdue(overdue: Overdue, one: str, many: str) -> str:
    at_least = "At least " if overdue.count >= OVERDUE_MAX else ""
    late = f", the first for {lasted(overdue.longest_s)}" if overdue.longest_s else ""
    return f"{at_least}{counted(overdue.count, one, many)} overdue{late}."
