"""The order in which messages become available to consumers of a polled endpoint.

A consumer reads an endpoint's attempts by id and continues after the last id that it has seen. An
id that is chosen before its row is committed could become visible after a higher one, and would be
passed by. The ids of these attempts are therefore chosen within the transaction that writes them,
while the transaction holds the endpoint's clock. Only the first 8 bytes of an id change: its time,
as a tick of a 4096th of a millisecond, as `IdMaker` writes it.

The clock never runs behind the time of a message, so that every message accepted at or after a
time is at or after the position of that time.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

_VERSION = 7 << 12


class PolledAttempt(NamedTuple):
    """The ids of an attempt that is to be ordered. `leased`: it counts only under its fence."""

    id: bytes
    message_id: bytes
    endpoint_id: bytes
    leased: bool = False


def tick_of(value: bytes) -> int:
    """The tick in an id."""
    head = int.from_bytes(value[:8])
    return (head >> 16) << 12 | head & 0xFFF


def with_tick(value: bytes, tick: int) -> bytes:
    """The id with another tick."""
    return ((tick >> 12) << 16 | _VERSION | tick & 0xFFF).to_bytes(8) + value[8:]


def earliest_ticks(attempts: Iterable[PolledAttempt]) -> dict[bytes, int]:
    """The first tick that the attempts of each endpoint may have, by endpoint in ascending order:
    the latest time of them and of their messages."""
    ticks: dict[bytes, int] = {}
    for attempt in attempts:
        tick = max(tick_of(attempt.id), tick_of(attempt.message_id))
        ticks[attempt.endpoint_id] = max(tick, ticks.get(attempt.endpoint_id, 0))
    return dict(sorted(ticks.items()))


def ordered_ids(attempts: Sequence[PolledAttempt], first_ticks: dict[bytes, int]) -> list[bytes]:
    """Ids that keep the order of the attempts, for each endpoint from its first tick on."""
    following = dict(first_ticks)
    ids = []
    for attempt in attempts:
        tick = following[attempt.endpoint_id]
        following[attempt.endpoint_id] = tick + 1
        ids.append(with_tick(attempt.id, tick))
    return ids
