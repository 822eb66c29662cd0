"""Judges what stands still at the worker: pending deliveries and lanes."""

from angarium_chassis.examination.findings import Finding, ok, warning
from angarium_chassis.wording import counted, lasted

from .deliveries import COUNTED_MAX, Overdue, PendingState


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
    at_least = "At least " if overdue.count >= COUNTED_MAX else ""
    late = f", the first for {lasted(overdue.longest_s)}" if overdue.longest_s else ""
    return f"{at_least}{counted(overdue.count, one, many)} overdue{late}."
