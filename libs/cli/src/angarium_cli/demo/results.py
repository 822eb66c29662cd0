"""Arrivals counted and shown: a line each, then a table and a verdict."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from angarium_cli.demo.receiver import Arrival
from angarium_cli.demo.scenario import DemoEndpoint

_ARRIVALS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class EndpointCount:
    """The results of one endpoint. `first_ms` is the median time to the first attempt, if any."""

    endpoint: str
    expected: int
    delivered: int
    attempts: int
    verified: int
    first_ms: float | None


class ArrivalCounter:
    """Collects arrivals, and awaits the acceptance of all expected deliveries."""

    def __init__(self) -> None:
        self._arrivals: list[Arrival] = []
        self._news = asyncio.Event()

    def add(self, arrival: Arrival) -> None:
        """Add an arrival; those beyond the first thousand are dropped."""
        if len(self._arrivals) < _ARRIVALS_MAX:
            self._arrivals.append(arrival)
            self._news.set()

    async def until_accepted(self, expected: Collection[tuple[str, str]], timeout_s: float) -> bool:
        """Wait until all `expected` (message id, endpoint) are accepted; False after a time-out."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self._accepted().issuperset(expected):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def count(self, endpoint: str, expected: Collection[tuple[str, str]]) -> EndpointCount:
        """Summarise the expected deliveries of one endpoint."""
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


_MESSAGE_WIDTH = 26


def heading() -> Text:
    """The heading of the arrivals."""
    return Text(
        f"  {'message':<{_MESSAGE_WIDTH}}  {'endpoint':<8}  {'attempt':>7}  {'status':>6}"
        f"  {'ms':>6}  signature",
        "bold",
    )


def arrival_line(arrival: Arrival) -> Text:
    """One arrival: message, endpoint, attempt, status, milliseconds since accepted, signature."""
    good = arrival.status == 200
    line = Text(f"  {arrival.message_id:<{_MESSAGE_WIDTH}}  {arrival.endpoint:<8}")
    line.append(f"  {arrival.attempt:>7}  ")
    line.append(f"{arrival.status:>6}", "green" if good else "yellow")
    line.append(f"  {arrival.after_ms:>6}  ")
    line.append(*(("verified", "green") if arrival.verified else ("WRONG", "bold red")))
    return line


def summary(endpoints: Sequence[DemoEndpoint], counts: Sequence[EndpointCount]) -> Table:
    """A table of the endpoints and their results, which fits 80 columns."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("endpoint", "wants", "fails"):
        table.add_column(name, no_wrap=True)
    for name in ("delivered", "attempts", "verified", "first"):
        table.add_column(name, justify="right", no_wrap=True)
    for endpoint, count in zip(endpoints, counts, strict=True):
        complete = count.delivered == count.expected
        table.add_row(
            endpoint.name,
            " ".join(endpoint.event_types) or "every type",
            f"{endpoint.failures} times" if endpoint.failures else "never",
            Text(f"{count.delivered} of {count.expected}", "green" if complete else "bold red"),
            str(count.attempts),
            str(count.verified),
            "-" if count.first_ms is None else f"{count.first_ms:.0f} ms",
        )
    return table


def verdict(counts: Sequence[EndpointCount]) -> Text:
    """The result in one sentence."""
    delivered, expected = sum(c.delivered for c in counts), sum(c.expected for c in counts)
    attempts, verified = sum(c.attempts for c in counts), sum(c.verified for c in counts)
    signatures = (
        "every signature verified" if attempts == verified else f"{verified} signatures verified"
    )
    good = delivered == expected and attempts == verified
    return Text(
        f"{delivered} of {expected} deliveries in {attempts} attempts, {signatures}.",
        "green" if good else "bold red",
    )
