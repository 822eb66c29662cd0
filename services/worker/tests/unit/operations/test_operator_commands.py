"""What people have done with deliveries: which answer each command gets."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from angarium_contracts.attempts import Attempts as FoundAttempts
from angarium_contracts.attempts import (
    ExpungeAttempt,
    FollowAttempts,
    GetAttempt,
    SearchAttempts,
)
from angarium_contracts.contract import Contract, encode
from angarium_contracts.deliveries import (
    CancelDeliveries,
    CountWaiting,
    Deliveries,
    DeliveriesChanged,
    Delivery,
    DeliveryStatus,
    EndpointDeliveryState,
    EndpointStats,
    ExpungeMessage,
    FindDeliveries,
    FindMissingDeliveries,
    FindUnhealthyEndpoints,
    GetEndpointDeliveryState,
    GetEndpointStats,
    ListFailedDeliveries,
    ListMessageDeliveries,
    MessageIds,
    ResendDeliveries,
    ResentMessage,
    UnhealthyEndpoints,
    WaitingCounted,
)
from angarium_contracts.directory import EndpointState
from angarium_contracts.examination import ExamineService, ServiceExamined
from angarium_contracts.polling import (
    ConsumerPage,
    ConsumerPosition,
    Consumers,
    ForgetConsumer,
    ListConsumers,
    PollAsConsumer,
    PollDeliveries,
    PolledDeliveries,
    SeekConsumer,
)
from angarium_contracts.queries import Done, Page, Problem, ProblemCode
from angarium_contracts.statistics import (
    CountByEndpoint,
    DeliverySeries,
    DeliverySums,
    EndpointHours,
    GetDeliverySeries,
    SumDeliveries,
)
from angarium_contracts.url_checks import CheckUrl, UrlChecked
from angarium_worker.adapters.streams.worker_answers import WORKER_QUESTIONS, WorkerAnswers
from angarium_worker.application.capacity.worker_counters import WorkerCounters
from angarium_worker.application.endpoints.endpoint_cache import EndpointCache
from angarium_worker.application.endpoints.endpoint_owner import GoneEndpoint
from angarium_worker.application.ledger.manual_ledger import CancelCount
from angarium_worker.application.ledger.records import RecordRefused, StorageDown
from angarium_worker.application.operations.delivery_queries import DeliveryQueries
from angarium_worker.application.operations.expunge_content import ExpungeContent
from angarium_worker.application.operations.operator_commands import OperatorCommands
from angarium_worker.application.operations.poll_queries import PollQueries
from angarium_worker.application.operations.statistics import Statistics
from angarium_worker.domain import delivery as domain

ENDPOINT = b"e" * 16
STATS = EndpointStats(success=1, pending=2, sending=3, fail=4, canceled=5)
STATE = EndpointDeliveryState(state="open", parked=1, scheduled=2)
DELIVERIES = Deliveries((Delivery(b"m" * 16, ENDPOINT, DeliveryStatus.CANCELED),))


class World:
    """Implements every port of `OperatorCommands` and `DeliveryQueries`; keeps what it is told."""

    def __init__(self) -> None:
        self.owned: dict[bytes, EndpointState] | None = {}
        self.resent: list[tuple[Sequence[domain.Delivery], bool]] = []
        self.cancelled: list[dict[str, Any]] = []
        self.count = 1
        self.rung = 0
        self.error: Exception | None = None

    def notify(self) -> None:
        self.rung += 1

    def _check(self) -> None:
        if self.error is not None:
            raise self.error

    async def resend(self, rows: Sequence[domain.Delivery], *, only_missing: bool) -> int:
        self._check()
        self.resent.append((rows, only_missing))
        return self.count

    async def cancel(self, **members: Any) -> CancelCount:
        self._check()
        self.cancelled.append(members)
        return CancelCount(self.count // 2, self.count - self.count // 2)

    async def failed(self, question: ListFailedDeliveries) -> MessageIds:
        self._check()
        return MessageIds(message_ids=(b"f" * 16,))

    async def missing(self, question: FindMissingDeliveries) -> MessageIds:
        return MessageIds(message_ids=question.message_ids)

    async def stats(self, question: GetEndpointStats) -> EndpointStats:
        return STATS

    async def state(self, question: GetEndpointDeliveryState) -> EndpointDeliveryState:
        return STATE

    async def of_message(self, question: ListMessageDeliveries) -> Deliveries:
        return DELIVERIES

    async def of_endpoint(self, question: FindDeliveries) -> Deliveries:
        return DELIVERIES

    async def unhealthy(self, question: FindUnhealthyEndpoints) -> UnhealthyEndpoints:
        return UnhealthyEndpoints(())

    async def waiting(self, question: CountWaiting) -> WaitingCounted:
        return WaitingCounted(3, 1)

    async def version(self) -> int:
        return 0

    async def read(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState]:
        return []

    async def store(self, endpoints: Sequence[EndpointState], version: int | None) -> None:
        return

    async def current(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState] | None:
        if self.owned is None:
            return None
        return [self.owned[each] for each in endpoint_ids if each in self.owned]

    async def disable(
        self, gone: GoneEndpoint, reason: str, failing_since: datetime | None = None
    ) -> bool:
        raise NotImplementedError

    def own(self, **members: Any) -> None:
        self.owned = {
            ENDPOINT: EndpointState(
                id=ENDPOINT,
                tenant_id=b"t" * 16,
                application_id=b"a" * 16,
                version=2,
                url="https://example.com/",
                secrets=(b"whsec_" + b"c2VjcmV0" * 4,),
                **members,
            )
        }


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def counters() -> WorkerCounters:
    return WorkerCounters()


@pytest.fixture
def commands(world: World, counters: WorkerCounters, fakes: Any) -> OperatorCommands:
    cache = EndpointCache(world, world, lambda sealed, _: sealed, fakes.destinations())
    return OperatorCommands(world, cache, counters, notify=world.notify, lease_s=40.0)


@pytest.fixture
def queries(world: World) -> DeliveryQueries:
    return DeliveryQueries(world, world, world, world)


def _resend(messages: int = 1, **members: Any) -> ResendDeliveries:
    return ResendDeliveries(
        tenant_id=b"t" * 16,
        application_id=b"a" * 16,
        endpoint_id=ENDPOINT,
        endpoint_version=2,
        messages=tuple(
            ResentMessage(id=number.to_bytes(16), event_type="a.b", payload=b"{}")
            for number in range(messages)
        ),
        **members,
    )


def _problem(answer: Contract, code: ProblemCode) -> str:
    assert isinstance(answer, Problem)
    assert answer.code is code
    return answer.detail


async def test_a_message_is_resent_as_it_came(world: World, commands: OperatorCommands) -> None:
    world.own()
    message = ResentMessage(
        id=b"m" * 16,
        event_type="invoice.paid",
        payload=b'{"paid":true}',
        trace="00-1-2-01",
        channels=("a", "b"),
        retry_delays_s=(5.0, 300.0),
    )
    command = ResendDeliveries(
        tenant_id=b"t" * 16,
        application_id=b"a" * 16,
        endpoint_id=ENDPOINT,
        endpoint_version=2,
        messages=(message,),
        weight=7,
        only_missing=True,
    )
    assert await commands.answer(command) == DeliveriesChanged(count=1)
    expected = domain.Delivery(
        b"m" * 16,
        ENDPOINT,
        b"a" * 16,
        b"t" * 16,
        "invoice.paid",
        b'{"paid":true}',
        2,
        channels=("a", "b"),
        trace="00-1-2-01",
        trigger=1,
        retry_delays_s=(5.0, 300.0),
        weight=7,
    )
    assert world.resent == [([expected], True)]
    assert world.rung == 1


@pytest.mark.parametrize(
    ("members", "lane"),
    [
        ({}, None),
        ({"throttle_rate": 5}, 1),
        ({"concurrency_max": 2}, 1),
        ({"fifo": True}, 0),
        ({"fifo": True, "throttle_rate": 5}, 0),
    ],
)
async def test_only_where_order_or_limits_hold_it_goes_into_the_lane(
    world: World, commands: OperatorCommands, members: dict[str, Any], lane: int | None
) -> None:
    world.own(**members)
    await commands.answer(_resend())
    ((rows, _),) = world.resent
    assert rows[0].lane == lane


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"disabled": True}, "the endpoint is disabled"),
        ({"deleted": True}, "the endpoint is deleted"),
    ],
)
async def test_resending_to_a_closed_endpoint_is_refused_with_the_reason(
    world: World, commands: OperatorCommands, members: dict[str, Any], reason: str
) -> None:
    world.own(**members)
    assert reason in _problem(await commands.answer(_resend()), ProblemCode.CONFLICT)
    world.owned = {}
    assert (world.resent, world.rung) == ([], 0)


async def test_an_endpoint_that_does_not_exist_or_is_not_known_yet_is_refused(
    world: World, commands: OperatorCommands
) -> None:
    world.owned = None
    assert _problem(await commands.answer(_resend()), ProblemCode.UNAVAILABLE)
    world.owned = {}
    detail = _problem(await commands.answer(_resend()), ProblemCode.CONFLICT)
    assert "does not exist" in detail


async def test_an_endpoint_that_only_the_operator_can_mend_keeps_what_is_resent(
    world: World, commands: OperatorCommands
) -> None:
    world.own(header_names="nonsense")
    assert await commands.answer(_resend()) == DeliveriesChanged(count=1)


async def test_too_much_at_once_is_refused(
    world: World, commands: OperatorCommands, queries: DeliveryQueries
) -> None:
    world.own()
    assert _problem(await commands.answer(_resend(101)), ProblemCode.INVALID)
    ids = tuple(number.to_bytes(16) for number in range(101))
    missing = FindMissingDeliveries(endpoint_id=ENDPOINT, message_ids=ids)
    assert _problem(await queries.answer(missing), ProblemCode.INVALID)
    ids = tuple(number.to_bytes(16) for number in range(251))
    found = FindDeliveries(endpoint_id=ENDPOINT, message_ids=ids)
    assert _problem(await queries.answer(found), ProblemCode.INVALID)


async def test_nothing_is_rung_when_nothing_changed(
    world: World, commands: OperatorCommands
) -> None:
    world.own()
    world.count = 0
    assert await commands.answer(_resend()) == DeliveriesChanged(count=0)
    cancel = CancelDeliveries(reason="no", endpoint_id=ENDPOINT)
    assert await commands.answer(cancel) == DeliveriesChanged(count=0)
    assert world.rung == 0


@pytest.mark.parametrize(
    ("limit", "rows_max", "count", "done"),
    [
        (1_000, 1_000, 999, True),
        (1_000, 1_000, 1_000, False),
        (9_999, 1_000, 7, True),
        (0, 1, 1, False),
    ],
)
async def test_cancelling_is_bounded_and_says_whether_there_may_be_more(
    world: World,
    commands: OperatorCommands,
    counters: WorkerCounters,
    limit: int,
    rows_max: int,
    count: int,
    *,
    done: bool,
) -> None:
    world.count = count
    command = CancelDeliveries(reason="not wanted", message_id=b"m" * 16, limit=limit)
    assert await commands.answer(command) == DeliveriesChanged(count=count, done=done)
    expected = {
        "message_id": b"m" * 16,
        "endpoint_id": None,
        "reason": "not wanted",
        "by_hand": True,
        "rows_max": rows_max,
        "lease_s": 40.0,
    }
    assert world.cancelled == [expected]
    assert world.rung == 1
    assert counters.cancelled == count // 2


async def test_cancelling_everything_is_refused(world: World, commands: OperatorCommands) -> None:
    assert _problem(await commands.answer(CancelDeliveries(reason="x")), ProblemCode.INVALID)
    assert world.cancelled == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StorageDown("down"), ProblemCode.UNAVAILABLE),
        (RecordRefused("NUL in a text"), ProblemCode.INVALID),
        (ValueError("a time needs its zone"), ProblemCode.INVALID),
    ],
)
async def test_what_the_database_says_is_a_problem_not_a_failure(
    world: World,
    commands: OperatorCommands,
    queries: DeliveryQueries,
    error: Exception,
    code: ProblemCode,
) -> None:
    world.own()
    world.error = error
    since = datetime(2026, 1, 2, tzinfo=UTC)
    assert _problem(await commands.answer(_resend()), code)
    failed = ListFailedDeliveries(endpoint_id=ENDPOINT, since=since)
    assert _problem(await queries.answer(failed), code)


class Attempts:
    """Implements `AttemptAnswers`."""

    async def answer(self, question: object) -> Contract:
        assert isinstance(question, GetAttempt)
        return Problem(code=ProblemCode.NOT_FOUND, detail="no such attempt")


class Polled:
    """Polled endpoints without messages."""

    async def poll(self, question: PollDeliveries) -> PolledDeliveries:
        return PolledDeliveries((), b"1" * 16)

    async def poll_as(self, question: PollAsConsumer) -> ConsumerPage:
        return ConsumerPage((), b"2" * 16, 1)

    async def seek(self, command: SeekConsumer) -> ConsumerPosition:
        return ConsumerPosition(command.position, 2)

    async def consumers(self, endpoint_id: bytes) -> Consumers:
        return Consumers(())

    async def forget(self, endpoint_id: bytes, name: str) -> bool:
        return True


class Searches:
    """Implements `AttemptSearches`: there are no attempts."""

    async def search(self, question: SearchAttempts) -> Contract:
        return FoundAttempts(items=(), done=True)

    async def follow(self, question: FollowAttempts) -> FoundAttempts:
        return FoundAttempts(items=(), done=True)


class Content:
    """Implements `StoredContent`: one attempt is on record, and nothing is held."""

    async def blank_pending(self, message_id: bytes) -> None:
        """Nothing is pending."""

    async def count_blanked(self, message_id: bytes, reason: str) -> int:
        return 0

    async def is_pending(self, message_id: bytes) -> bool:
        return False

    async def is_held(self, message_id: bytes) -> bool:
        return False

    async def expunge_responses(self, message_id: bytes, attempt_id: bytes | None = None) -> int:
        return 1


SERIES = DeliverySeries((), datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
SUMS = DeliverySums(())


class Rollups:
    """Roll-ups of which one tenant has too many."""

    async def series(self, question: GetDeliverySeries) -> DeliverySeries | None:
        return SERIES if question.tenant_id == b"t" * 16 else None

    async def by_endpoint(self, question: CountByEndpoint) -> EndpointHours:
        return EndpointHours(())

    async def sums(self, question: SumDeliveries) -> DeliverySums:
        return SUMS


async def test_questions_about_statistics_are_bounded() -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    tenant = b"t" * 16
    for question in (
        GetDeliverySeries(tenant, 3, at, at),
        GetDeliverySeries(tenant, 0, at, at, group_by="tenant"),
        GetDeliverySeries(b"u" * 16, 0, at, at),
        SumDeliveries(tenant, 0, at, at, limit=1_001),
        SumDeliveries(tenant, 0, at, at, application_ids=(tenant,) * 1_001),
    ):
        answer = await Statistics(Rollups()).answer(question)
        assert isinstance(answer, Problem)
        assert answer.code == ProblemCode.INVALID


async def checked(question: CheckUrl) -> UrlChecked:
    return UrlChecked(accepted=True, conclusion=question.url)


async def examined(_: ExamineService) -> ServiceExamined:
    return ServiceExamined((), 3)


async def test_every_question_is_read_and_answered(
    world: World, commands: OperatorCommands, queries: DeliveryQueries
) -> None:
    expunge = ExpungeContent(world, Content(), WorkerCounters(), lease_s=40.0)
    answers = WorkerAnswers(
        Attempts(),
        commands,
        expunge,
        queries,
        Searches(),
        PollQueries(Polled()),
        Statistics(Rollups()),
        examined,
        checked,
    )
    since = datetime(2026, 1, 2, tzinfo=UTC)
    expected: list[tuple[Contract, Contract]] = [
        (
            GetAttempt(message_id=b"m" * 16, attempt_id=b"n" * 16),
            Problem(code=ProblemCode.NOT_FOUND, detail="no such attempt"),
        ),
        (ExamineService(), ServiceExamined((), 3)),
        (FindUnhealthyEndpoints(b"t" * 16), UnhealthyEndpoints(())),
        (CountWaiting(b"t" * 16), WaitingCounted(3, 1)),
        (CheckUrl("u"), UrlChecked(accepted=True, conclusion="u")),
        (
            CancelDeliveries(reason="x", endpoint_id=ENDPOINT),
            DeliveriesChanged(count=1),
        ),
        (
            ExpungeMessage(message_id=b"m" * 16, reason="x"),
            DeliveriesChanged(count=1, attempts=1),
        ),
        (ExpungeAttempt(message_id=b"m" * 16, attempt_id=b"n" * 16), Done()),
        (
            ListFailedDeliveries(endpoint_id=ENDPOINT, since=since),
            MessageIds(message_ids=(b"f" * 16,)),
        ),
        (
            FindMissingDeliveries(endpoint_id=ENDPOINT, message_ids=(b"m" * 16,)),
            MessageIds(message_ids=(b"m" * 16,)),
        ),
        (GetEndpointStats(endpoint_id=ENDPOINT), STATS),
        (GetEndpointDeliveryState(endpoint_id=ENDPOINT), STATE),
        (ListMessageDeliveries(message_id=b"m" * 16), DELIVERIES),
        (FindDeliveries(endpoint_id=ENDPOINT, message_ids=(b"m" * 16,)), DELIVERIES),
        (SearchAttempts(tenant_id=b"t" * 16, page=Page()), FoundAttempts(items=(), done=True)),
        (FollowAttempts(tenant_id=b"t" * 16, after=bytes(16)), FoundAttempts(items=(), done=True)),
        (PollDeliveries(ENDPOINT), PolledDeliveries((), b"1" * 16)),
        (PollAsConsumer(ENDPOINT, "c"), ConsumerPage((), b"2" * 16, 1)),
        (SeekConsumer(ENDPOINT, "c", b"3" * 16), ConsumerPosition(b"3" * 16, 2)),
        (ListConsumers(ENDPOINT), Consumers(())),
        (ForgetConsumer(ENDPOINT, "c"), Done()),
        (GetDeliverySeries(b"t" * 16, 0, since, since), SERIES),
        (SumDeliveries(b"t" * 16, 1, since, since), SUMS),
    ]
    for question, answer in expected:
        read: Any = WORKER_QUESTIONS.read(encode(question))
        assert read == question
        assert await answers.answer(read) == answer
