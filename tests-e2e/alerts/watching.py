"""Plays one act: breaks, waits for its alerts, mends, and waits until nothing fires."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from .acts import Act
from .platform import Platform
from .prometheus_server import PrometheusServer
from .repeating import repeating

FIRES_WITHIN_S = 300.0
RESOLVES_WITHIN_S = 300.0
_LOOK_EVERY_S = 0.5


@dataclass(slots=True)
class Seen:
    """One alert in the table. Seconds are None for what did not happen in time."""

    alert: str
    cause: str
    firing_s: float | None
    resolved_s: float | None


@dataclass(slots=True)
class Outcome:
    """The result of an act. `others` are alerts that fired too, as a consequence."""

    act: str
    seen: list[Seen]
    others: set[str]
    still_firing: set[str]

    @property
    def failed(self) -> bool:
        return bool(self.still_firing) or any(
            each.firing_s is None or each.resolved_s is None for each in self.seen
        )


@dataclass(slots=True)
class FiringAlerts:
    """The alerts that fire, as of the last `look`, and when each began and ended to fire."""

    prometheus: PrometheusServer
    now: set[str] = field(default_factory=set)
    began_s: dict[str, float] = field(default_factory=dict)
    ended_s: dict[str, float] = field(default_factory=dict)

    def look(self) -> None:
        """Ask Prometheus. Raises httpx's errors."""
        before, self.now = self.now, self.prometheus.firing()
        at_s = time.monotonic()
        for alert in self.now - self.began_s.keys():
            self.began_s[alert] = at_s
        for alert in before - self.now:
            self.ended_s[alert] = at_s


def fires_within(prometheus: PrometheusServer, seconds: float) -> set[str]:
    """The alerts that fire at any moment of the next `seconds`."""
    firing = FiringAlerts(prometheus)
    with repeating(firing.look, _LOOK_EVERY_S):
        time.sleep(seconds)
    return set(firing.began_s)


def play(act: Act, platform: Platform, prometheus: PrometheusServer) -> Outcome:
    """Break and mend; bounded by FIRES_WITHIN_S and RESOLVES_WITHIN_S."""
    expected = act.causes.keys()
    firing = FiringAlerts(prometheus)
    with repeating(firing.look, _LOOK_EVERY_S):
        with ExitStack() as broken:
            broken_s = time.monotonic()
            for fault in act.faults:
                broken.enter_context(fault.broken(platform))
            _wait(lambda: expected <= firing.began_s.keys(), FIRES_WITHIN_S)
            mended_s = time.monotonic()
        # What fired besides, too: the next act begins with none.
        _wait(lambda: not firing.now, RESOLVES_WITHIN_S)
    return Outcome(
        act.name,
        [_seen(alert, cause, firing, broken_s, mended_s) for alert, cause in act.causes.items()],
        others=firing.began_s.keys() - expected,
        still_firing=firing.now,
    )


def _seen(alert: str, cause: str, firing: FiringAlerts, broken_s: float, mended_s: float) -> Seen:
    began_s = firing.began_s.get(alert)
    ended_s = None if alert in firing.now else firing.ended_s.get(alert)
    return Seen(
        alert,
        cause,
        firing_s=None if began_s is None else began_s - broken_s,
        resolved_s=None if ended_s is None else max(0.0, ended_s - mended_s),
    )


def _wait(holds: Callable[[], bool], timeout_s: float) -> None:
    until_s = time.monotonic() + timeout_s
    while not holds() and time.monotonic() < until_s:
        time.sleep(_LOOK_EVERY_S)
