"""What becomes of each entry when all are put back: pure.

A batch that is handled in vain is published again, and each time another entry of it is put away.
Putting all of them back would send the same deliveries side by side; the newest is enough. Where
the gateway's journal is at hand, none is needed: a batch that is open there and not set aside is
published again within seconds of its entry being put away, and an entry put back beside that would
be delivered at the same time, before either is on record.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum

from angarium_cli.quarantine.contents import BatchPart


class Step(Enum):
    """What is done with an entry."""

    PUT_BACK = "put back"
    SUPERSEDED = "removed: a newer entry or the whole batch goes back instead"
    COMES_AGAIN = "removed: its batch is open, and the gateway publishes it again by itself"
    SETTLED = "removed: its batch was delivered meanwhile"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Shelved:
    """An entry without its bytes. `refusal`: why it cannot go back."""

    service: str
    id: str
    stream: str
    part: BatchPart | None
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry and what is done with it."""

    entry: Shelved
    step: Step


def plan_replay(
    entries: Sequence[Shelved],
    *,
    open_batches: Collection[bytes] | None,
    brought_back: Collection[bytes],
    force: bool = False,
) -> list[Planned]:
    """`entries` as they were put away, oldest first. `open_batches` of the gateway's journal (None:
    not known) and those `brought_back` by it, which are published anew as a whole. With `force`
    also what cannot be read goes back."""
    taken: set[BatchPart] = {BatchPart(each, None) for each in brought_back}
    # Whole batches first: their chunks come anew with them.
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
    entry: Shelved,
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
