"""What a receiver of many endpoints remembers: every arrival, in compact memory."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

ARRIVALS_MAX = 5_000_000
ENDPOINTS_MAX = 1 << 20
NO_ANSWER = 0


class _Head(msgspec.Struct):
    ids: list[str]
    count: int
    untracked: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request: `message` is the webhook-id, `status` the answer's (NO_ANSWER: none was given).

    Times are CLOCK_MONOTONIC nanoseconds, comparable between the processes of one machine.
    """

    message: str
    endpoint: int
    at_ns: int
    status: int


@dataclass(slots=True)
class Arrivals:
    """Arrivals in their order, ARRIVALS_MAX at most; `untracked` counts those beyond, `unreadable`
    the requests without a webhook-id or an endpoint's number."""

    ids: dict[str, int] = field(default_factory=dict)
    untracked: int = 0
    unreadable: int = 0
    _messages: array[int] = field(default_factory=lambda: array("I"))
    _endpoints: array[int] = field(default_factory=lambda: array("I"))
    _times_ns: array[int] = field(default_factory=lambda: array("q"))
    _statuses: array[int] = field(default_factory=lambda: array("H"))

    def __len__(self) -> int:
        return len(self._times_ns)

    def __iter__(self) -> Iterator[Arrival]:
        names = list(self.ids)
        columns = zip(self._messages, self._endpoints, self._times_ns, self._statuses, strict=True)
        for message, endpoint, at_ns, status in columns:
            yield Arrival(names[message], endpoint, at_ns, status)

    def add(self, message: str, endpoint: int, at_ns: int, status: int) -> int | None:
        """Record an arrival; gives a number that stands for the message at this endpoint, or None
        when there is no more room. `endpoint` is below ENDPOINTS_MAX."""
        if len(self._times_ns) >= ARRIVALS_MAX:
            self.untracked += 1
            return None
        number = self.ids.setdefault(message, len(self.ids))
        self._messages.append(number)
        self._endpoints.append(endpoint)
        self._times_ns.append(at_ns)
        self._statuses.append(status)
        return number * ENDPOINTS_MAX + endpoint

    def times_ns(self) -> list[int]:
        """When each arrived, in the order of arrival."""
        return self._times_ns.tolist()

    def write(self, path: Path) -> None:
        """For `read` on the same machine."""
        head = _Head(list(self.ids), len(self), self.untracked, self.unreadable)
        with path.open("wb") as file:
            file.write(msgspec.json.encode(head) + b"\n")
            for column in self._columns():
                column.tofile(file)

    @classmethod
    def read(cls, path: Path) -> "Arrivals":
        with path.open("rb") as file:
            head = msgspec.json.decode(file.readline(), type=_Head)
            arrivals = cls(
                ids={name: number for number, name in enumerate(head.ids)},
                untracked=head.untracked,
                unreadable=head.unreadable,
            )
            for column in arrivals._columns():
                column.fromfile(file, head.count)
        return arrivals

    def _columns(self) -> tuple[array[int], ...]:
        return self._messages, self._endpoints, self._times_ns, self._statuses
