"""Pages of the quarantine: the entries of all services, by the time when they were quarantined."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from angarium_chassis.streams.quarantined_entry import QuarantinedEntry

from .quarantine import Shelf
from .quarantined_contents import contract_name, why_not_again

_SEQUENCE_MAX = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """An entry without its bytes. `refusal` says why a replay cannot help; None: it can."""

    service: str
    entry_id: str
    stream: str
    contract: str
    reason: str
    tries: int
    quarantined_at_ms: int
    size_bytes: int
    refusal: str | None

    @property
    def ref(self) -> str:
        """Its id in the quarantines of all services."""
        return f"{self.service}/{self.entry_id}"


class EntryPosition(NamedTuple):
    """The position of an entry in the list, which is ordered by time, then by service."""

    at_ms: int
    sequence: int
    service: str


@dataclass(frozen=True, slots=True)
class QuarantineWindow:
    """The page that is wanted: `past` a position, or from the beginning."""

    limit: int
    past: EntryPosition | None = None
    backwards: bool = False
    descending: bool = True
    service: str | None = None

    @property
    def falling(self) -> bool:
        """True if the entries are read from the newest to the oldest."""
        return self.descending != self.backwards


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    """A page of entries; `done` if none follow."""

    items: Sequence[ListedEntry]
    done: bool


def listed(entry: QuarantinedEntry) -> ListedEntry:
    """An entry without its bytes."""
    return ListedEntry(
        service=entry.service,
        entry_id=entry.id,
        stream=entry.stream,
        contract=contract_name(entry),
        reason=entry.reason,
        tries=entry.tries,
        quarantined_at_ms=entry.quarantined_at_ms,
        size_bytes=len(entry.body),
        refusal=why_not_again(entry),
    )


def position_of(service: str, entry_id: str) -> EntryPosition:
    """The position of an entry with this id."""
    at_ms, _, sequence = entry_id.partition("-")
    return EntryPosition(int(at_ms), int(sequence), service)


async def read_page(shelves: Mapping[str, Shelf], window: QuarantineWindow) -> QuarantinePage:
    """Merge the shelves. The bytes of an entry are released as soon as it is listed."""
    falling = window.falling
    queues = [
        shelf.in_order(_start(name, window.past, falling=falling), descending=falling)
        for name, shelf in shelves.items()
        if window.service in (None, name)
    ]
    heads = {queue: await _next(queue) for queue in queues}
    items: list[ListedEntry] = []
    while len(items) <= window.limit:
        waiting = [(head, queue) for queue, head in heads.items() if head is not None]
        if not waiting:
            break
        choose = max if falling else min
        head, queue = choose(waiting, key=lambda each: position_of(each[0].service, each[0].id))
        items.append(listed(head))
        heads[queue] = await _next(queue)
    done = len(items) <= window.limit
    items = items[: window.limit]
    return QuarantinePage(items[::-1] if window.backwards else items, done)


async def _next(queue: AsyncIterator[QuarantinedEntry]) -> QuarantinedEntry | None:
    return await anext(queue, None)


def _start(service: str, past: EntryPosition | None, *, falling: bool) -> str | None:
    """The id past which the entries of a service follow a position. Those of another service that
    have the very same id may follow it, too."""
    if past is None:
        return None
    at_ms, sequence, other = past
    same_id_follows = service < other if falling else service > other
    if not same_id_follows:
        return f"{at_ms}-{sequence}"
    if falling:
        return f"{at_ms}-{sequence + 1}" if sequence < _SEQUENCE_MAX else f"{at_ms + 1}-0"
    return f"{at_ms}-{sequence - 1}" if sequence else f"{max(0, at_ms - 1)}-{_SEQUENCE_MAX}"
