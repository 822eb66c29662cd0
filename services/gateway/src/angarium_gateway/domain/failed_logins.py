"""Counts failed logins by address, and decides how long the next refusal waits."""

from collections import OrderedDict
from dataclasses import dataclass

ADDRESSES_MAX = 10_000
FREE_FAILURES = 10
"""Failures that are answered at once; a client with a revoked key has a few."""
FORGIVEN_PER_S = 1.0
DELAY_STEP_S = 0.1
DELAY_MAX_S = 2.0


@dataclass(slots=True)
class _Failures:
    count: float
    at_s: float


class FailedLogins:
    """Recent failures of up to `ADDRESSES_MAX` addresses; the longest unseen is forgotten."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def delay_s(self, address: str, now_s: float) -> float:
        """Count one more failure of an address; how long its answer waits."""
        failures = self._failures.pop(address, None)
        if failures is None:
            failures = _Failures(0.0, now_s)
        forgiven = (now_s - failures.at_s) * FORGIVEN_PER_S
        failures.count = max(0.0, failures.count - forgiven) + 1
        failures.at_s = now_s
        self._failures[address] = failures
        if len(self._failures) > ADDRESSES_MAX:
            self._failures.popitem(last=False)
        return min(DELAY_MAX_S, max(0.0, failures.count - FREE_FAILURES) * DELAY_STEP_S)
