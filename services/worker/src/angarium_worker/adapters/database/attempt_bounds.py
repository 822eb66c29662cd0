"""Lower bounds of the ids of a message's attempts.

An attempt is made after its message was accepted, but by another machine: its clock may be behind
by as much as `CLOCKS_APART_MS` before attempts are overlooked. With this bound a read by message
looks into the partitions from its day on, rather than into all.
"""

from collections.abc import Iterable

from angarium_contracts.ids import created_at_ms, lowest_id_at

CLOCKS_APART_MS = 86_400_000


def first_attempt_id(message_ids: Iterable[bytes]) -> bytes:
    """No attempt of these messages has a lower id; for none of them, the lowest."""
    earliest = min(message_ids, default=None)
    if earliest is None:
        return bytes(16)
    return lowest_id_at(created_at_ms(earliest) - CLOCKS_APART_MS)
