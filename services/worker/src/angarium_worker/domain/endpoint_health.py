"""Rule that disables an endpoint after a long period of failures."""

from collections.abc import Iterable
from dataclasses import dataclass

SAVED_EVERY_S_MAX = 60.0


@dataclass(frozen=True, slots=True)
class FailureRun:
    """An endpoint's failures after its last success: at least one. Times are microseconds of
    Unix time: when the first and the latest of them ended."""

    since_us: int
    last_us: int
    failures: int


@dataclass(frozen=True, slots=True)
class DisableRule:
    """An endpoint is disabled after failing for `after_s` (0: never) without any success, and at
    least `failures_min` times: one that gets a message a month is not condemned by two."""

    after_s: float
    failures_min: int = 2

    def suspects(self, since_us: int, last_us: int) -> bool:
        """True if an endpoint that is thought to have failed from then to then has failed for
        long enough."""
        return self.after_s > 0 and last_us - since_us >= self.after_s * 1_000_000

    def condemns(self, run: FailureRun) -> bool:
        """True if the endpoint is to be disabled."""
        return self.suspects(run.since_us, run.last_us) and run.failures >= self.failures_min

    @property
    def look_every_s(self) -> float:
        """How often a failing endpoint is to be looked at, so that none goes on failing for much
        longer than `after_s`."""
        return min(SAVED_EVERY_S_MAX, self.after_s / 4) if self.after_s > 0 else SAVED_EVERY_S_MAX


@dataclass(slots=True)
class RunOfFailures:
    """Gathers a `FailureRun` from attempts that come newest first, in as many pieces as they
    come. `complete`: a success was met, what is older does not matter."""

    run: FailureRun | None = None
    complete: bool = False

    def extend(self, attempts: Iterable[tuple[bool, int]]) -> None:
        """Take in attempts: whether each succeeded, and when it ended."""
        for succeeded, ended_at_us in attempts:
            if self.complete:
                return
            if succeeded:
                self.complete = True
            elif self.run is None:
                self.run = FailureRun(ended_at_us, ended_at_us, 1)
            else:
                self.run = FailureRun(
                    min(self.run.since_us, ended_at_us),
                    max(self.run.last_us, ended_at_us),
                    self.run.failures + 1,
                )
