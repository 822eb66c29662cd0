"""Endpoints that asked, by Retry-After, not to be sent to for a while."""

from collections.abc import Callable

from angarium_chassis.lru_cache import LruCache

ENDPOINTS_MAX = 20_000


class RetryAfterCache:
    """Remembers until when nothing may be sent to an endpoint. It is kept in this process's memory
    only: after a restart, or in another worker, the endpoint's next answer sets it again.

    `clock_ns` is Unix time. The latest `endpoints_max` are remembered.
    """

    def __init__(self, clock_ns: Callable[[], int], *, endpoints_max: int = ENDPOINTS_MAX) -> None:
        self._clock_ns = clock_ns
        self._not_before_ns: LruCache[bytes, int] = LruCache(endpoints_max)
        self._size = self._not_before_ns.size

    def __bool__(self) -> bool:
        """False when no endpoint is to be waited for."""
        return self._size() > 0

    def slow_down(self, endpoint_id: bytes, for_s: float) -> None:
        """Send nothing for so long; a longer time that was asked for before stays in force."""
        not_before_ns = self._clock_ns() + int(for_s * 1e9)
        if not_before_ns > (self._not_before_ns.get(endpoint_id) or 0):
            self._not_before_ns.put(endpoint_id, not_before_ns)

    def wait_s(self, endpoint_id: bytes) -> float:
        """How long to wait before sending; 0 for no wait."""
        not_before_ns = self._not_before_ns.get(endpoint_id)
        if not_before_ns is None:
            return 0.0
        wait_ns = not_before_ns - self._clock_ns()
        if wait_ns > 0:
            return wait_ns / 1e9
        self._not_before_ns.pop(endpoint_id)
        return 0.0
