"""Compares the clocks of the databases and of Redis with this machine's."""

from collections.abc import Sequence
from dataclasses import dataclass

from angarium_chassis.examination.findings import Finding, ok, problem, warning
from angarium_chassis.wording import counted

SUBJECT = "clocks"
WARNING_S = 1.0
PROBLEM_S = 30.0


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The time of another clock, between two readings of ours; Unix times in seconds."""

    whose: str
    before_s: float
    after_s: float
    shown_s: float

    @property
    def apart_s(self) -> float:
        """The least time by which it is ahead of ours; negative if behind.

        0 if the duration of the query can explain the difference.
        """
        if self.shown_s > self.after_s:
            return self.shown_s - self.after_s
        return min(0.0, self.shown_s - self.before_s)


def judge_clocks(readings: Sequence[ClockReading]) -> list[Finding]:
    """Judge the readings: schedules use the databases' clocks, signatures and ids the services'."""
    findings = [_finding(each) for each in readings if abs(each.apart_s) >= WARNING_S]
    if findings or not readings:
        return findings
    return [ok(SUBJECT, f"{counted(len(readings), 'clock')} and this machine's agree.")]


def _finding(reading: ClockReading) -> Finding:
    way = "ahead of" if reading.apart_s > 0 else "behind"
    sentence = (
        f"The clock of {reading.whose} is {abs(reading.apart_s):,.1f} s {way} this machine's."
    )
    remedy = (
        "Synchronise the machines' clocks (NTP). Receivers refuse signatures that are 5 min off."
    )
    kind = problem if abs(reading.apart_s) >= PROBLEM_S else warning
    return kind(SUBJECT, sentence, remedy)
