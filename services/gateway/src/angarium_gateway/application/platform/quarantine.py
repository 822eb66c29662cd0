"""The work on the quarantine: list, replay and drop its entries, and batches set aside."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from angarium_chassis.streams.quarantined_entry import QuarantinedEntry

from angarium_gateway.application.read.id_window import IdPage, IdWindow

from .quarantined_contents import batch_part, body_to_replay, why_not_again
from .replay_plan import EntrySummary, Planned, Step, plan_replay

BATCH: Final = "batch"
_ENTRY_ID: Final = re.compile(r"\d{1,20}-\d{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SetAsideBatch:
    """A batch that was published too often without being settled.

    `size_bytes` is the size of all its payloads.
    """

    id: bytes
    publication: int
    size_bytes: int
    message_ids: tuple[bytes, ...]


class Shelf(Protocol):
    """The quarantine of one service."""

    def entries(self) -> AsyncIterator[QuarantinedEntry]:
        """The entries present at the start, oldest first."""
        ...

    def in_order(
        self, past: str | None = None, *, descending: bool = True
    ) -> AsyncIterator[QuarantinedEntry]:
        """The entries from before `past` on, newest first, or from after it on, oldest first."""
        ...

    async def find(self, entry_id: str) -> QuarantinedEntry | None:
        """An entry by its id, which must be well-formed."""
        ...

    async def replay(self, entry: QuarantinedEntry, body: bytes) -> str | None:
        """Put an entry back with this body; None if it is no longer in quarantine."""
        ...

    async def drop(self, entry_id: str) -> bool:
        """Delete an entry; False if it is not in quarantine."""
        ...


class SetAside(Protocol):
    """The batches that were set aside."""

    async def list(self) -> Sequence[SetAsideBatch]:
        """The oldest, at most 1,000."""
        ...

    async def page(self, window: IdWindow) -> IdPage[SetAsideBatch]:
        """A page of all of them."""
        ...

    async def open_among(self, batch_ids: Collection[bytes]) -> set[bytes]:
        """Those of a few thousand batches that are open, set aside or not."""
        ...

    async def bring_back(self, batch_ids: Collection[bytes], *, owner: str) -> int:
        """Have batches published again, by a gateway with this new id; gives how many."""
        ...


class QuarantineRefused(Exception):
    """An id that the request names is not one of the quarantine. `ref` is that id."""

    def __init__(self, ref: str) -> None:
        super().__init__(ref)
        self.ref = ref


class NoSuchEntry(QuarantineRefused):
    """There is no such entry, or no such batch is set aside."""


class NotAnEntryId(QuarantineRefused):
    """This is no id of an entry."""


class HoldsMessages(QuarantineRefused):
    """A batch has accepted messages, and cannot be dropped."""


@dataclass(slots=True)
class Replayed:
    """The outcome of a replay."""

    planned: list[Planned] = field(default_factory=list)
    batches: int = 0


class QuarantineWork:
    """Works on the quarantines of all services, and on batches set aside.

    Ids are `<service>/<entry id>` for an entry and `batch/<hex>` for a batch. `set_aside` None: the
    batches are not known.
    """

    def __init__(
        self,
        shelves: Mapping[str, Shelf],
        set_aside: SetAside | None,
        make_owner: Callable[[], str],
    ) -> None:
        self._shelves = shelves
        self._set_aside = set_aside
        self._make_owner = make_owner

    @property
    def knows_batches(self) -> bool:
        """True if the gateway's database is open."""
        return self._set_aside is not None

    async def entries(self) -> AsyncIterator[QuarantinedEntry]:
        """All entries, by service, oldest first."""
        for shelf in self._shelves.values():
            async for entry in shelf.entries():
                yield entry

    async def batches(self) -> Sequence[SetAsideBatch]:
        """The batches set aside; none without the gateway's database."""
        return () if self._set_aside is None else await self._set_aside.list()

    @property
    def shelves(self) -> Mapping[str, Shelf]:
        """The quarantines, by service."""
        return self._shelves

    async def entry(self, ref: str) -> QuarantinedEntry:
        """An entry by its id. Raises `QuarantineRefused`."""
        shelf, entry_id = self._shelf_of(ref)
        found = await shelf.find(entry_id)
        if found is None:
            raise NoSuchEntry(ref)
        return found

    async def batch(self, ref: str) -> SetAsideBatch:
        """A batch set aside by its id. Raises `QuarantineRefused`."""
        found = [each for each in await self.batches() if ref == f"{BATCH}/{each.id.hex()}"]
        if not found:
            raise NoSuchEntry(ref)
        return found[0]

    async def batch_page(self, window: IdWindow) -> IdPage[SetAsideBatch]:
        """A page of the batches set aside."""
        if self._set_aside is None:
            return IdPage([], done=True)
        return await self._set_aside.page(window)

    async def replay(self, refs: Sequence[str], *, force: bool = False) -> Replayed:
        """Put back these entries, regardless of their batches, and bring back these batches.

        Raises `QuarantineRefused` before it changes anything if an id does not exist.
        """
        refs = list(dict.fromkeys(refs))
        batches = [await self.batch(ref) for ref in refs if ref.startswith(f"{BATCH}/")]
        entries = [await self.entry(ref) for ref in refs if not ref.startswith(f"{BATCH}/")]
        summaries = [_summary_of(entry) for entry in entries]
        planned = [
            Planned(each, Step.PUT_BACK if each.refusal is None or force else Step.KEPT)
            for each in summaries
        ]
        count = await self._bring_back([each.id for each in batches])
        return Replayed(await self._carry_out(planned), count)

    async def replay_all(self, *, force: bool = False) -> Replayed:
        """Put back the entries that are still needed, and bring back all batches set aside."""
        summaries = [_summary_of(entry) async for entry in self.entries()]
        brought_back = [each.id for each in await self.batches()]
        open_batches: Collection[bytes] | None = None
        if self._set_aside is not None:
            wanted = {each.part.batch_id for each in summaries if each.part is not None}
            open_batches = await self._set_aside.open_among(wanted)
        planned = plan_replay(
            summaries, open_batches=open_batches, brought_back=brought_back, force=force
        )
        count = await self._bring_back(brought_back)
        return Replayed(await self._carry_out(planned), count)

    async def drop(self, refs: Sequence[str]) -> int:
        """Delete entries, and give how many existed. Raises `QuarantineRefused` before it changes
        anything, for a batch, too: its messages were accepted."""
        shelves = [self._shelf_of(ref) for ref in refs]
        return sum([await shelf.drop(entry_id) for shelf, entry_id in shelves])

    async def _carry_out(self, planned: Sequence[Planned]) -> list[Planned]:
        """Carry out the plan, and give what was done, without entries that others removed first."""
        done: list[Planned] = []
        for each in planned:
            shelf = self._shelves[each.entry.service]
            if each.step is Step.KEPT:
                done.append(each)
            elif each.step is Step.PUT_BACK:
                entry = await shelf.find(each.entry.id)
                if entry is not None and await shelf.replay(entry, body_to_replay(entry)):
                    done.append(each)
            elif await shelf.drop(each.entry.id):
                done.append(each)
        return done

    async def _bring_back(self, batch_ids: Sequence[bytes]) -> int:
        if self._set_aside is None or not batch_ids:
            return 0
        return await self._set_aside.bring_back(batch_ids, owner=self._make_owner())

    def _shelf_of(self, ref: str) -> tuple[Shelf, str]:
        service, _, entry_id = ref.partition("/")
        if service == BATCH:
            raise HoldsMessages(ref)
        shelf = self._shelves.get(service)
        if shelf is None or _ENTRY_ID.fullmatch(entry_id) is None:
            raise NotAnEntryId(ref)
        return shelf, entry_id


def _summary_of(entry: QuarantinedEntry) -> EntrySummary:
    return EntrySummary(
        entry.service, entry.id, entry.stream, batch_part(entry), why_not_again(entry)
    )
