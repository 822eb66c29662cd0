"""Plays one act: breaks, waits for its alerts, mends, and waits until nothing fires."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field

from .acts import Act
from .platform import Platform
from .prometheus_server import PrometheusServer

FIRES_WITHIN_S = 300.0
RESOLVES_WITHIN_S = 300.0
_LOOK_EVERY_S = 0.5


@dataclass(slots=True)
class Seen:
    """One alert in the table. Seconds are None for what did not happen in time."""

    alert: str
    cause: str
    firing_s: float | None = None
    resolved_s: float | None = None


@dataclass(slots=True)
class Outcome:
    """What an act showed. `others` are alerts that fired too, as a consequence."""

    act: str
    seen: list[Seen]
    others: set[str] = field(default_factory=set)
    still_firing: set[str] = field(default_factory=set)

    @property
    def failed(self) -> bool:
        return bool(self.still_firing) or any(
            each.firing_s is None or each.resolved_s is None for each in self.seen
        )


def fires_within(prometheus: PrometheusServer, seconds: float) -> set[str]:
    """The alerts that fire at any moment of the next `seconds`."""
    found: set[str] = set()
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        found |= prometheus.firing()
        time.sleep(_LOOK_EVERY_S)
    return found


def play(act: Act, platform: Platform, prometheus: PrometheusServer) -> Outcome:
    """Break and mend; bounded by FIRES_WITHIN_S and RESOLVES_WITHIN_S."""
    outcome = Outcome(act.name, [Seen(alert, cause) for alert, cause in act.causes.items()])
    with ExitStack() as broken:
        began_s = time.monotonic()
        for fault in act.faults:
            broken.enter_context(fault.broken(platform))
        _await_firing(outcome, prometheus, began_s)
        mended_s = time.monotonic()
    _await_resolved(outcome, prometheus, mended_s)
    return outcome


def _await_firing(outcome: Outcome, prometheus: PrometheusServer, began_s: float) -> None:
    expected = {each.alert for each in outcome.seen}
    while (elapsed_s := time.monotonic() - began_s) < FIRES_WITHIN_S:
        firing = prometheus.firing()
        outcome.others |= firing - expected
        for each in outcome.seen:
            if each.firing_s is None and each.alert in firing:
                each.firing_s = elapsed_s
        if all(each.firing_s is not None for each in outcome.seen):
            return
        time.sleep(_LOOK_EVERY_S)


def _await_resolved(outcome: Outcome, prometheus: PrometheusServer, mended_s: float) -> None:
    """Wait for what the act is about and what fired besides: the next act begins with none."""
    expected = {each.alert for each in outcome.seen}
    while (elapsed_s := time.monotonic() - mended_s) < RESOLVES_WITHIN_S:
        outcome.still_firing = prometheus.firing()
        outcome.others |= outcome.still_firing - expected
        for each in outcome.seen:
            if each.alert in outcome.still_firing:
                each.resolved_s = None
            elif each.firing_s is not None and each.resolved_s is None:
                each.resolved_s = elapsed_s
        if not outcome.still_firing:
            return
        time.sleep(_LOOK_EVERY_S)
