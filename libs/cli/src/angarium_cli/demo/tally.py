"""What of the expected has arrived."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from statistics import median

from angarium_cli.demo.receiver import Arrival

_ARRIVALS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class EndpointCount:
    """One endpoint's part. `first_ms` is the median time to the first attempt, if there was one."""

    endpoint: str
    expected: int
    delivered: int
    attempts: int
    verified: int
    first_ms: float | None


class Tally:
    """Collects arrivals; knows when every expected delivery was accepted."""

    def __init__(self) -> None:
        self._arrivals: list[Arrival] = []
        self._news = asyncio.Event()

    def add(self, arrival: Arrival) -> None:
        """Take in one arrival; those beyond the first thousand are not kept."""
        if len(self._arrivals) < _ARRIVALS_MAX:
            self._arrivals.append(arrival)
            self._news.set()

    async def until_accepted(self, expected: Collection[tuple[str, str]], timeout_s: float) -> bool:
        """Wait until all `expected` (message id, endpoint) were accepted; False when time is up."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self._accepted().issuperset(expected):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def count(self, endpoint: str, expected: Collection[tuple[str, str]]) -> EndpointCount:
        """Sum up the expected deliveries of one endpoint."""
        ours = {delivery for delivery in expected if delivery[1] == endpoint}
        arrived = [a for a in self._arrivals if (a.message_id, a.endpoint) in ours]
        first_ms = [a.after_ms for a in arrived if a.attempt == 1]
        return EndpointCount(
            endpoint=endpoint,
            expected=len(ours),
            delivered=len(ours & self._accepted()),
            attempts=len(arrived),
            verified=sum(a.verified for a in arrived),
            first_ms=median(first_ms) if first_ms else None,
        )

    def _accepted(self) -> set[tuple[str, str]]:
        return {(a.message_id, a.endpoint) for a in self._arrivals if a.status == 200}
