"""The work of `angarium quarantine`, on an open Redis and, if its settings are known, the gateway's
database."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from angarium_chassis.settings import SettingsRefused
from angarium_chassis.streams.quarantine import QuarantineContents, QuarantinedEntry
from angarium_gateway.administration.set_aside_batches import (
    JournalUnavailable,
    SetAsideBatch,
    SetAsideBatches,
)
from redis.asyncio import Redis
from redis.exceptions import RedisError

from angarium_cli.databases import opened_database
from angarium_cli.doctor.redis_checks import open_redis
from angarium_cli.failure import CommandFailed
from angarium_cli.installation import Installation
from angarium_cli.quarantine.contents import batch_part, body_to_replay, why_not_again
from angarium_cli.quarantine.plan import EntrySummary, Planned, Step, plan_replay
from angarium_cli.services import SERVICES

BATCH = "batch"


@dataclass(slots=True)
class Replayed:
    """The outcome of a replay."""

    planned: list[Planned] = field(default_factory=list)
    batches: int = 0


class QuarantineSession:
    """Works on the quarantines of all services, and on batches set aside.

    Ids are `<service>/<entry id>` for an entry and `batch/<hex>` for a batch.
    """

    def __init__(
        self,
        redis: Redis,
        set_aside: SetAsideBatches | None,
        *,
        make_owner: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._shelves = {service: QuarantineContents(redis, service) for service in SERVICES}
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

    async def entry(self, ref: str) -> QuarantinedEntry:
        """An entry by its id. Raises CommandFailed."""
        shelf, entry_id = self._shelf_of(ref)
        found = await shelf.find(entry_id)
        if found is None:
            raise CommandFailed(f"there is no entry {ref}; see `angarium quarantine list`")
        return found

    async def batch(self, ref: str) -> SetAsideBatch:
        """A batch set aside by its id. Raises CommandFailed."""
        found = [each for each in await self.batches() if ref == f"{BATCH}/{each.id.hex()}"]
        if not found:
            raise CommandFailed(f"no batch {ref} is set aside; see `angarium quarantine list`")
        return found[0]

    async def replay(self, refs: Sequence[str], *, force: bool = False) -> Replayed:
        """Put back these entries, regardless of their batches, and bring back these batches.

        Raises CommandFailed before it changes anything if an id does not exist.
        """
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
        """Delete entries, and give how many existed. Raises CommandFailed for a batch: its messages
        were accepted."""
        shelves = [self._shelf_of(ref) for ref in refs]
        return sum([await shelf.drop(entry_id) for shelf, entry_id in shelves])

    async def _carry_out(self, planned: Sequence[Planned]) -> list[Planned]:
        """Carry out the plan, and give what was done, without entries that others removed first."""
        done: list[Planned] = []
        for each in planned:
            shelf = self._shelves[each.entry.service]  # type: ignore[index]
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

    def _shelf_of(self, ref: str) -> tuple[QuarantineContents, str]:
        service, _, entry_id = ref.partition("/")
        if service == BATCH:
            raise CommandFailed(f"{ref} holds accepted messages and cannot be dropped; replay it")
        shelf = next((each for name, each in self._shelves.items() if name == service), None)
        time, _, number = entry_id.partition("-")
        if shelf is None or not (time.isdigit() and number.isdigit()):
            raise CommandFailed(
                f"{ref} is not an id such as worker/1735689600000-0; see `angarium quarantine list`"
            )
        return shelf, entry_id


@asynccontextmanager
async def open_session(installation: Installation) -> AsyncIterator[QuarantineSession]:
    """A session on a platform's Redis and, if the gateway's settings are known, its database.

    Raises CommandFailed, also for what fails while the session is used.
    """
    redis = open_redis(_redis_url(installation))
    try:
        if _has_gateway(installation):
            async with opened_database(installation, "gateway") as database:
                yield QuarantineSession(redis, SetAsideBatches(database))
        else:
            yield QuarantineSession(redis, None)
    except (RedisError, OSError, JournalUnavailable) as error:
        raise CommandFailed(
            f"the quarantine cannot be reached: {type(error).__name__}: {error};"
            " run `angarium doctor`",
            exit_status=1,
        ) from error
    finally:
        await redis.aclose()


def _redis_url(installation: Installation) -> str:
    """From the first service whose settings are valid."""
    refusals = []
    for service in installation.services:
        try:
            return installation.settings(service).redis_url.get_secret_value()
        except SettingsRefused as refusal:
            refusals.append(str(refusal).partition("\n")[0])
    raise CommandFailed(refusals[0])


def _has_gateway(installation: Installation) -> bool:
    try:
        installation.settings("gateway")
    except SettingsRefused:
        return False
    return True


def _summary_of(entry: QuarantinedEntry) -> EntrySummary:
    return EntrySummary(
        entry.service, entry.id, entry.stream, batch_part(entry), why_not_again(entry)
    )
