"""The steps that delete an application's content, and that erase a person's data."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from angarium_contracts.contract import Contract
from angarium_contracts.deliveries import DeliveriesChanged, ExpungeMessage
from angarium_contracts.ids import lowest_id_at, operational_application_id
from angarium_contracts.metadata_members import (
    ApplicationPosition,
    FindNamedApplications,
    ForgetMetadataMember,
    NamedApplications,
)
from angarium_contracts.queries import Done, Problem, ProblemCode
from angarium_gateway.application.erasure.delete_content import DeleteContent
from angarium_gateway.application.erasure.deletion_state import deletion_state
from angarium_gateway.application.erasure.deletion_step import PAGE_MAX, DeleteContents
from angarium_gateway.application.erasure.named_applications import (
    NamedApplications as NamedApplicationsOfDispatcher,
)
from angarium_gateway.application.erasure.receipts import (
    IDEMPOTENT_ANSWERS,
    ErasureReceipt,
    ErasureReceipts,
)
from angarium_gateway.application.legal_holds import LegalHold
from angarium_gateway.domain.background_tasks import BackgroundTask, TaskArguments, TaskKind
from angarium_gateway.domain.erasure_subjects import MetadataSubject, TagSubject
from angarium_gateway.domain.messages import NewMessage

from ...fakes.legal_hold_model import MemoryLegalHolds
from ...fakes.redelivery_models import (
    APPLICATION_ID,
    MADE_AT,
    TENANT,
    MemoryReplayJournal,
)

OTHER_APPLICATION = b"b" * 16
RECEIPTS = ErasureReceipts(b"k" * 32)


@dataclass
class World:
    """The journal, and a worker that knows which messages have pending deliveries."""

    journal: MemoryReplayJournal = field(default_factory=MemoryReplayJournal)
    holds: MemoryLegalHolds = field(default_factory=MemoryLegalHolds)
    pending: set[bytes] = field(default_factory=set)
    canceled: list[bytes] = field(default_factory=list)
    metadata: dict[bytes, dict[str, str]] = field(default_factory=dict)
    dispatcher_down: bool = False

    def post(self, number: int, application_id: bytes = APPLICATION_ID, *tags: str) -> bytes:
        message_id = lowest_id_at(number)
        self.journal.add(
            NewMessage(message_id, TENANT, application_id, "a", b"{}", event_id="e", tags=tags)
        )
        return message_id

    async def cancel(self, application_id: bytes, message_id: bytes) -> bool:
        self.journal.scheduled_ids.discard(message_id)
        self.canceled.append(message_id)
        return True

    async def ask_worker(self, question: Contract, _: type[Any]) -> Any:
        assert isinstance(question, ExpungeMessage)
        if question.keep_pending:
            done = question.message_id not in self.pending
            return DeliveriesChanged(0, done, attempts=3 if done else 0)
        self.canceled.append(question.message_id)
        self.pending.discard(question.message_id)
        return DeliveriesChanged(1, attempts=3, pending_deliveries=1)

    async def ask_dispatcher(self, question: Contract, _: type[Any]) -> Any:
        """One application is examined at a time."""
        if self.dispatcher_down:
            return Problem(ProblemCode.UNAVAILABLE, "no dispatcher")
        if isinstance(question, ForgetMetadataMember):
            assert self.metadata[question.application_id].pop(question.key) == question.value
            return Done()
        assert isinstance(question, FindNamedApplications)
        member = question.key, question.value
        if question.application_id is not None:
            members = self.metadata.get(question.application_id, {}).items()
            return NamedApplications((question.application_id,) if member in members else ())
        after = b"" if question.after is None else question.after.id
        first = min((each for each in self.metadata if each > after), default=None)
        if first is None:
            return NamedApplications(())
        found = (first,) if member in self.metadata[first].items() else ()
        return NamedApplications(found, ApplicationPosition("application", first))

    async def run(self, task: BackgroundTask) -> BackgroundTask | Problem:
        """Carry out steps until the end, or until one waits."""
        schedule: Any = self
        ask_worker: Any = self.ask_worker
        delete = DeleteContent(schedule, self.journal, self.journal, ask_worker)
        ask_dispatcher: Any = self.ask_dispatcher
        named: Any = NamedApplicationsOfDispatcher(ask_dispatcher)
        step = DeleteContents(self.journal, named, self.holds, delete, RECEIPTS, lambda: MADE_AT)
        for _ in range(99):
            self.stopped_at = task
            outcome = await step(task, messages_max=100)
            if isinstance(outcome, Problem):
                return outcome
            task = replace(task, progress=outcome.progress)
            if outcome.done:
                return task
        raise AssertionError("it does not end")

    def expunged(self) -> list[bytes]:
        return [each.id for each in self.journal.messages.values() if each.expunged]


@pytest.fixture
def world() -> World:
    return World()


def a_task(
    *,
    cancel: bool = False,
    subject: str | None = None,
    app: bool = True,
    metadata: MetadataSubject | None = None,
) -> BackgroundTask:
    arguments = TaskArguments(
        APPLICATION_ID if app else b"",
        b"",
        MADE_AT - timedelta(days=1),
        MADE_AT,
        cancel_pending=cancel,
        subject=subject if metadata is None else metadata.text(),
        requested_by=b"k" * 16,
        by_metadata=metadata is not None,
    )
    return BackgroundTask(b"q" * 16, TENANT, TaskKind.PURGE_CONTENT, arguments, MADE_AT)


async def test_all_contents_are_deleted_but_those_with_pending_deliveries(world: World) -> None:
    ids = [world.post(n) for n in range(1, 2 * PAGE_MAX)]
    other = world.post(1_000, OTHER_APPLICATION)
    world.pending = {ids[0]}
    world.journal.open_ids = {ids[1]}
    world.journal.scheduled_ids = {ids[2]}
    ended = await world.run(a_task())
    assert isinstance(ended, BackgroundTask)
    assert world.expunged() == ids[3:]
    progress = ended.progress
    assert (progress.looked, progress.resent, progress.skipped) == (len(ids), len(ids) - 3, 3)
    assert other not in world.expunged()
    assert world.canceled == []


async def test_pending_deliveries_are_cancelled_on_request(world: World) -> None:
    ids = [world.post(n) for n in (1, 2)]
    world.pending = {ids[0]}
    world.journal.scheduled_ids = {ids[1]}
    assert isinstance(await world.run(a_task(cancel=True)), BackgroundTask)
    assert world.expunged() == ids
    assert set(world.canceled) == set(ids)


async def test_an_operational_message_that_came_during_the_erasure_is_erased_too(
    world: World,
) -> None:
    world.post(1, APPLICATION_ID, "p")
    at = int((MADE_AT - timedelta(hours=1)).timestamp() * 1_000)
    event = world.post(at, operational_application_id(TENANT))
    world.journal.naming_ids = {event}
    task = a_task(subject="p", app=False)
    before_the_event = replace(task.arguments, until=MADE_AT - timedelta(hours=2))
    ended = await world.run(replace(task, arguments=before_the_event))
    assert isinstance(ended, BackgroundTask)
    assert event in world.expunged()
    assert receipt_of(ended).rows["operational message"] == 1


async def test_a_person_is_erased_in_every_application(world: World) -> None:
    mine = [world.post(1, APPLICATION_ID, "p", "q"), world.post(2, OTHER_APPLICATION, "p")]
    world.post(3, APPLICATION_ID, "q")
    ended = await world.run(a_task(subject="p", app=False))
    assert isinstance(ended, BackgroundTask)
    assert world.expunged() == mine
    for each in mine:
        message = world.journal.messages[each]
        assert (message.event_id, message.tags) == (None, ())
    receipt = receipt_of(ended)
    assert receipt.rows == {
        "message": 2,
        "event_claim": 2,
        "operational message": 0,
        "attempt": 6,
        "pending_delivery": 0,
        "application": 0,
    }
    assert (receipt.app_id, receipt.subject_kind) == (None, "tag")
    assert RECEIPTS.is_genuine(receipt)
    assert RECEIPTS.is_of(receipt, TENANT, TagSubject("p"))
    assert not RECEIPTS.is_of(receipt, TENANT, TagSubject("q"))
    after_a_rotation = ErasureReceipts(b"n" * 32, b"k" * 32)
    assert after_a_rotation.is_genuine(receipt)
    assert after_a_rotation.is_of(receipt, TENANT, TagSubject("p"))


PERSON = MetadataSubject("customer", "77")


async def test_a_person_is_erased_in_the_applications_that_their_metadata_names(
    world: World,
) -> None:
    world.metadata = {
        APPLICATION_ID: {"customer": "77", "plan": "free"},
        OTHER_APPLICATION: {"customer": "7"},
        b"c" * 16: {},
        b"d" * 16: {"customer": "77"},
        b"e" * 16: {},
    }
    mine = [
        world.post(1, APPLICATION_ID, "p"),
        world.post(2, APPLICATION_ID),
        world.post(3, b"d" * 16),
    ]
    world.post(4, OTHER_APPLICATION, PERSON.text())
    world.pending = {mine[0]}
    ended = await world.run(a_task(metadata=PERSON, app=False, cancel=True))
    assert isinstance(ended, BackgroundTask)
    assert world.expunged() == mine
    for each in mine:
        message = world.journal.messages[each]
        assert (message.event_id, message.tags) == (None, ())
    assert world.metadata[APPLICATION_ID] == {"plan": "free"}
    assert world.metadata[b"d" * 16] == {}
    receipt = receipt_of(ended)
    assert receipt.rows == {
        "message": 3,
        "event_claim": 3,
        "operational message": 0,
        "attempt": 9,
        "pending_delivery": 3,
        "application": 2,
    }
    assert receipt.subject_kind == "metadata"
    assert IDEMPOTENT_ANSWERS in (receipt.may_remain or ())
    assert RECEIPTS.is_of(receipt, TENANT, PERSON)
    assert not RECEIPTS.is_of(receipt, TENANT, MetadataSubject("customer", "78"))
    assert not RECEIPTS.is_of(receipt, TENANT, TagSubject(PERSON.text()))


@pytest.mark.parametrize("customer", ["77", "78"])
async def test_one_application_is_erased_if_its_metadata_names_the_person(
    world: World, customer: str
) -> None:
    world.metadata = {APPLICATION_ID: {"customer": customer}, OTHER_APPLICATION: PERSON_METADATA}
    message = world.post(1, APPLICATION_ID)
    world.post(2, OTHER_APPLICATION)
    ended = await world.run(a_task(metadata=PERSON))
    assert isinstance(ended, BackgroundTask)
    named = customer == "77"
    assert world.expunged() == ([message] if named else [])
    assert receipt_of(ended).rows["application"] == named


PERSON_METADATA = {"customer": "77"}


async def test_an_application_names_the_person_until_nothing_is_left_of_its_messages(
    world: World,
) -> None:
    """An erasure that fails in between is found again by a second one."""
    for each in (APPLICATION_ID, OTHER_APPLICATION):
        world.metadata[each] = dict(PERSON_METADATA)
    waits = [world.post(n, APPLICATION_ID) for n in (1, 2)]
    ready = world.post(3, OTHER_APPLICATION)
    world.pending = set(waits)
    task = a_task(metadata=PERSON, app=False)
    problem = await world.run(task)
    assert isinstance(problem, Problem)
    assert world.metadata == {APPLICATION_ID: PERSON_METADATA, OTHER_APPLICATION: {}}
    world.pending = {waits[1]}
    assert isinstance(await world.run(world.stopped_at), Problem)
    assert world.metadata[APPLICATION_ID] == PERSON_METADATA
    world.pending.clear()
    world.dispatcher_down = True
    assert isinstance(await world.run(world.stopped_at), Problem)
    world.dispatcher_down = False
    ended = await world.run(world.stopped_at)
    assert isinstance(ended, BackgroundTask)
    assert world.expunged() == [*waits, ready]
    assert world.metadata == {APPLICATION_ID: {}, OTHER_APPLICATION: {}}
    rows = receipt_of(ended).rows
    assert (rows["message"], rows["application"]) == (3, 2)


async def test_an_erasure_waits_for_pending_deliveries(world: World) -> None:
    first, second = (world.post(n, APPLICATION_ID, "p") for n in (1, 2))
    world.pending = {first}
    waits = await world.run(a_task(subject="p"))
    assert isinstance(waits, Problem)
    assert waits.code is ProblemCode.UNAVAILABLE
    assert world.expunged() == [second]
    assert world.journal.messages[first].tags == ("p",)
    world.pending.clear()
    ended = await world.run(world.stopped_at)
    assert isinstance(ended, BackgroundTask)
    assert world.expunged() == [first, second]
    assert receipt_of(ended).rows["message"] == 2


@pytest.mark.parametrize("held", [None, APPLICATION_ID])
@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_legal_hold_ends_a_deletion(
    world: World, held: bytes | None, everywhere: bool
) -> None:
    world.post(1, APPLICATION_ID, "p")
    await world.holds.place(LegalHold(TENANT, held, "case 17", b"k" * 16, MADE_AT))
    problem = await world.run(a_task(subject="p", app=not everywhere))
    assert isinstance(problem, Problem)
    assert problem.code is ProblemCode.CONFLICT
    assert "case 17" in problem.detail
    assert world.expunged() == []


async def test_a_receipt_that_was_changed_is_not_genuine(world: World) -> None:
    world.post(1, APPLICATION_ID, "p")
    ended = await world.run(a_task(subject="p"))
    assert isinstance(ended, BackgroundTask)
    receipt = receipt_of(ended)
    changed = msgspec.structs.replace(receipt, rows={**receipt.rows, "message": 7})
    assert not RECEIPTS.is_genuine(changed)
    assert not ErasureReceipts(b"l" * 32).is_genuine(receipt)


def receipt_of(task: BackgroundTask) -> ErasureReceipt:
    text = deletion_state(task.progress).receipt
    assert text is not None
    return msgspec.json.decode(text, type=ErasureReceipt)
