"""Clocks: this machine's, the databases', and that of Redis."""

from collections.abc import Sequence
from dataclasses import dataclass

from angarium_cli.doctor.finding import Finding, counted, ok, problem, warning

SUBJECT = "clocks"
WARNING_S = 1.0
PROBLEM_S = 30.0


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What another clock showed between two looks at ours; Unix times in seconds."""

    whose: str
    before_s: float
    after_s: float
    shown_s: float

    @property
    def apart_s(self) -> float:
        """How far it is ahead of ours (behind: negative) at least: 0 where the time that the
        question took could explain it."""
        if self.shown_s > self.after_s:
            return self.shown_s - self.after_s
        return min(0.0, self.shown_s - self.before_s)


def judge_clocks(readings: Sequence[ClockReading]) -> list[Finding]:
    """Schedules go by the databases' clocks, signatures' and messages' times by the services'."""
    findings = [_finding(each) for each in readings if abs(each.apart_s) >= WARNING_S]
    if findings or not readings:
        return findings
    return [ok(SUBJECT, f"{counted(len(readings), 'clock')} and this machine's agree.")]


def _finding(reading: ClockReading) -> Finding:
    way = "ahead of" if reading.apart_s > 0 else "behind"
    sentence = (
        f"The clock of {reading.whose} is {abs(reading.apart_s):,.1f} s {way} this machine's."
    )
    remedy = "Synchronise the machines' clocks (NTP): receivers refuse signatures 5 min off."
    kind = problem if abs(reading.apart_s) >= PROBLEM_S else warning
    return kind(SUBJECT, sentence, remedy)
