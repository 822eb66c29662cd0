"""Plans a replay of all entries. Pure.

A batch that fails is published again, and each time another entry of it goes to quarantine. To put
all of them back would send the same deliveries side by side; the newest is enough. With the
gateway's journal at hand, none is needed: a batch that is open there and not set aside is published
again within seconds, and an entry put back beside it would be delivered at the same time, before
either is on record.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum

from .quarantined_contents import BatchPart


class Step(Enum):
    """The treatment of an entry."""

    PUT_BACK = "put back"
    SUPERSEDED = "removed: a newer entry or the whole batch goes back instead"
    COMES_AGAIN = "removed: its batch is open, and the gateway publishes it again"
    SETTLED = "removed: its batch has been delivered"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class EntrySummary:
    """An entry without its bytes. `refusal` is the reason why it cannot go back."""

    service: str
    id: str
    stream: str
    part: BatchPart | None
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry and its treatment."""

    entry: EntrySummary
    step: Step


def plan_replay(
    entries: Sequence[EntrySummary],
    *,
    open_batches: Collection[bytes] | None,
    brought_back: Collection[bytes],
    force: bool = False,
) -> list[Planned]:
    """Plan the replay of all `entries`, given oldest first.

    `open_batches` are those in the gateway's journal, None if unknown; `brought_back` are those
    that are published again as a whole. `force` puts back unreadable entries as well.
    """
    taken: set[BatchPart] = {BatchPart(each, None) for each in brought_back}
    # Whole batches first: their chunks are published again with them.
    whole = [entry for entry in entries if entry.part is not None and entry.part.chunk is None]
    others = [entry for entry in entries if entry not in whole]
    planned: list[Planned] = []
    for entry in (*reversed(whole), *reversed(others)):
        step = _step(entry, taken, open_batches, force=force)
        if step is Step.PUT_BACK and entry.part is not None:
            taken.add(entry.part)
        planned.append(Planned(entry, step))
    order = {entry: at for at, entry in enumerate(entries)}
    return sorted(planned, key=lambda each: order[each.entry])


def _step(
    entry: EntrySummary,
    taken: Collection[BatchPart],
    open_batches: Collection[bytes] | None,
    *,
    force: bool,
) -> Step:
    if entry.refusal is not None:
        return Step.PUT_BACK if force else Step.KEPT
    part = entry.part
    if part is None:
        return Step.PUT_BACK
    if part in taken or BatchPart(part.batch_id, None) in taken:
        return Step.SUPERSEDED
    if open_batches is None:
        return Step.PUT_BACK
    return Step.COMES_AGAIN if part.batch_id in open_batches else Step.SETTLED
