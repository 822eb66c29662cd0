"""What the arrivals at many endpoints tell: lost and doubled deliveries, peaks, retries."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from arrivals import Arrival, Arrivals

Expected = Mapping[str, Collection[int]]
"""By the id of each accepted message, the endpoints that it must reach."""


@dataclass(frozen=True, slots=True)
class Account:
    """A delivery is one message for one endpoint, delivered when it is first answered with 2xx.

    `lost` were expected and not delivered; `duplicates` arrived again after they had been
    delivered; `stray` arrived at an endpoint that the message was not for; `unacknowledged` are
    arrivals of messages whose 202 did not reach the client; `unaccounted` could not be told.
    """

    expected: int
    delivered: int
    lost: int
    duplicates: int
    stray: int
    unacknowledged: int
    unaccounted: int
    delivered_at_ns: dict[tuple[str, int], int] = field(repr=False)

    @property
    def adds_up(self) -> bool:
        return not (self.lost or self.duplicates or self.stray or self.unaccounted)

    def __str__(self) -> str:
        text = (
            f"expected {self.expected:,}, delivered {self.delivered:,}, lost {self.lost:,}, "
            f"duplicates {self.duplicates:,}"
        )
        for name, count in (
            ("at a wrong endpoint", self.stray),
            ("received without a 202", self.unacknowledged),
            ("not accounted for", self.unaccounted),
        ):
            text += f", {name} {count:,}" if count else ""
        return text


def account(
    arrivals: Arrivals, expected: Expected, *, earlier: Collection[str] = frozenset()
) -> Account:
    """Compare what arrived with what should have. `earlier` has the messages of earlier accounts,
    which arrive again here if they do."""
    wanted = {message: frozenset(endpoints) for message, endpoints in expected.items()}
    delivered_at_ns: dict[tuple[str, int], int] = {}
    counts: Counter[str] = Counter()
    for arrival in arrivals:
        endpoints = wanted.get(arrival.message)
        delivery = (arrival.message, arrival.endpoint)
        if endpoints is None:
            counts["duplicates" if arrival.message in earlier else "unacknowledged"] += 1
        elif arrival.endpoint not in endpoints:
            counts["stray"] += 1
        elif delivery in delivered_at_ns:
            counts["duplicates"] += 1
        elif 200 <= arrival.status < 300:
            delivered_at_ns[delivery] = arrival.at_ns
    total = sum(map(len, wanted.values()))
    return Account(
        expected=total,
        delivered=len(delivered_at_ns),
        lost=total - len(delivered_at_ns),
        duplicates=counts["duplicates"],
        stray=counts["stray"],
        unacknowledged=counts["unacknowledged"],
        unaccounted=arrivals.untracked + arrivals.unreadable,
        delivered_at_ns=delivered_at_ns,
    )


def peak_in_window(times_ns: Sequence[int], window_ns: int) -> int:
    """The most times in any half-open window of this length, wherever it begins.

    The times are in ascending order.
    """
    peak = first = 0
    for last, time_ns in enumerate(times_ns):
        while time_ns - times_ns[first] >= window_ns:
            first += 1
        peak = max(peak, last - first + 1)
    return peak


def rate_between(times_ns: Iterable[int], start_ns: int, end_ns: int) -> float:
    """Times a second in [start, end)."""
    if end_ns <= start_ns:
        return 0.0
    return sum(start_ns <= time_ns < end_ns for time_ns in times_ns) * 1e9 / (end_ns - start_ns)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests within a time: `retries` had arrived at the same endpoint before."""

    requests: int
    retries: int

    @property
    def retry_share(self) -> float:
        return self.retries / self.requests if self.requests else 0.0


def traffic_between(arrivals: Iterable[Arrival], start_ns: int, end_ns: int) -> Traffic:
    """The requests in [start, end); what arrived before start makes a later one a retry, too.

    Arrivals are in ascending order. An attempt that never reached the receiver, such as one that
    was refused at the door, is not known here: what follows it counts as first.
    """
    seen: set[tuple[str, int]] = set()
    requests = retries = 0
    for arrival in arrivals:
        if arrival.at_ns >= end_ns:
            break
        delivery = (arrival.message, arrival.endpoint)
        if arrival.at_ns >= start_ns:
            requests += 1
            retries += delivery in seen
        seen.add(delivery)
    return Traffic(requests, retries)
