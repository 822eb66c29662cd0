"""The rounds in which events are posted, so that the order of each key holds. Pure.

A later event of a key is posted only once the earlier one is known to have ended: a batch may be
stored in part, so that two events of a key in one batch could change places.
"""

from collections.abc import Iterator, Sequence

from angarium_outbox.store import OrderKey, PendingEvent, order_key


def rounds(events: Sequence[PendingEvent]) -> list[list[PendingEvent]]:
    """The events in rounds: each round has at most one event of a key, and each key's events are in
    successive rounds in their order."""
    found: list[list[PendingEvent]] = []
    counts: dict[OrderKey, int] = {}
    for event in events:
        key = order_key(event)
        number = counts.get(key, 0)
        counts[key] = number + 1
        if number == len(found):
            found.append([])
        found[number].append(event)
    return found


def batches(
    events: Sequence[PendingEvent], *, events_max: int, bytes_max: int
) -> Iterator[list[PendingEvent]]:
    """The events in batches within both limits. A larger event is a batch by itself."""
    batch: list[PendingEvent] = []
    size_bytes = 0
    for event in events:
        if batch and (len(batch) >= events_max or size_bytes + event.size_bytes > bytes_max):
            yield batch
            batch, size_bytes = [], 0
        batch.append(event)
        size_bytes += event.size_bytes
    if batch:
        yield batch
