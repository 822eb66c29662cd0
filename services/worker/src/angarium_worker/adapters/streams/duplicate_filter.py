"""Finding entries that another reader has begun: copies, and entries that were taken over.

A write to a stream whose answer got lost may be made again, and then its entries are there
twice. The first entry that a worker reads of a step (a chunk of one publication of a batch)
leaves a marker in Redis with its id; entries of the same step with another id are copies.

That is sound: the entry that the marker names is either done, or pending, and then whoever
claims it looks its deliveries up. If Redis has lost it, the batch is not settled and comes again
as another publication, which is another step and is looked up too.
"""

from collections.abc import Sequence

from angarium_chassis.streams.connections import connection_of
from angarium_chassis.streams.stream_connection import Command
from faststream.redis import RedisBroker

from .chunks import DuplicateSplit, Entry

MARKER_S = 120
"""Longer than any write that is made again can take."""
PENDING_MAX = 1_000
"""More than one read gives."""


class DuplicateFilter:
    """Implements `DuplicateCheck`. Raises redis-py's errors."""

    def __init__(self, broker: RedisBroker) -> None:
        self._connection = connection_of(broker)

    async def split(self, entries: Sequence[Entry]) -> DuplicateSplit:
        """See `DuplicateCheck`. One round trip; the entries are of one stream, in its order.

        Flagged ones are looked up anyway. They leave their markers too, for those that a process
        publishes which was stopped, and of whose work they are the repetition. An entry that
        this consumer was given while its process was stopped, and that another has claimed
        since, is no longer pending for this one.
        """
        new = [entry for entry in entries if not _is_flagged(entry)]
        flagged = [entry for entry in entries if _is_flagged(entry)]
        first, last = entries[0], entries[-1]
        commands: list[Command] = [
            ("SET", _marker(entry), entry.entry_id, "NX", "EX", MARKER_S) for entry in flagged
        ]
        commands += [
            ("SET", _marker(entry), entry.entry_id, "NX", "GET", "EX", MARKER_S) for entry in new
        ]
        span = (first.entry_id, last.entry_id, PENDING_MAX, first.leases.consumer)
        commands.append(("XPENDING", first.stream, first.group, *span))
        *answers, pending = await self._connection.execute(commands)
        first_ids = answers[len(flagged) :]
        ours = {entry_id for entry_id, *_ in pending}
        return DuplicateSplit(
            [
                entry
                for entry, first_id in zip(new, first_ids, strict=True)
                if first_id is not None and first_id != entry.entry_id
            ],
            [entry for entry in new if entry.entry_id not in ours],
        )


def _is_flagged(entry: Entry) -> bool:
    return entry.redelivered or entry.value.redelivered


def _marker(entry: Entry) -> bytes:
    chunk = entry.value
    step = f":{chunk.publication}:{chunk.chunk}:{chunk.chunks}".encode()
    return b"step:" + entry.stream.encode() + b":" + chunk.batch_id + step
