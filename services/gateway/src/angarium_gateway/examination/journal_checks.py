"""Judges what stands still in the journal: batches and scheduled messages."""

from angarium_chassis.examination.findings import Finding, ok, problem, warning
from angarium_chassis.wording import counted, lasted

from .journal_state import COUNTED_MAX, OLDEST_EXAMINED, JournalState

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
