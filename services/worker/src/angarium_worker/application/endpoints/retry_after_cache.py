"""Endpoints that asked to be left alone for a while."""

from collections import OrderedDict
from collections.abc import Callable

ENDPOINTS_MAX = 20_000


class RetryAfterCache:
    """Until when nothing is sent to an endpoint. In memory only, and of this process only: after
    a restart, and in another worker, the endpoint's next answer tells again.

    `clock_ns` is Unix time. At most `endpoints_max` are remembered, the latest.
    """

    def __init__(self, clock_ns: Callable[[], int], *, endpoints_max: int = ENDPOINTS_MAX) -> None:
        self._clock_ns = clock_ns
        self._endpoints_max = endpoints_max
        self._not_before_ns: OrderedDict[bytes, int] = OrderedDict()

    def __bool__(self) -> bool:
        """False when every endpoint may be sent to."""
        return bool(self._not_before_ns)

    def slow_down(self, endpoint_id: bytes, for_s: float) -> None:
        """Send nothing for so long; a longer wish of before stays."""
        not_before_ns = self._clock_ns() + int(for_s * 1e9)
        if not_before_ns <= self._not_before_ns.get(endpoint_id, 0):
            return
        self._not_before_ns[endpoint_id] = not_before_ns
        self._not_before_ns.move_to_end(endpoint_id)
        while len(self._not_before_ns) > self._endpoints_max:
            self._not_before_ns.popitem(last=False)

    def wait_s(self, endpoint_id: bytes) -> float:
        """How long to wait before sending; 0: not at all."""
        not_before_ns = self._not_before_ns.get(endpoint_id)
        if not_before_ns is None:
            return 0.0
        wait_ns = not_before_ns - self._clock_ns()
        if wait_ns > 0:
            return wait_ns / 1e9
        del self._not_before_ns[endpoint_id]
        return 0.0
