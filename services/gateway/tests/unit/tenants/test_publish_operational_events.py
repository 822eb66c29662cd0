"""Operational events become messages of the tenants' operational applications, once each."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from angarium_contracts.attempts import Explanation
from angarium_contracts.contract import Contract
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import (
    APPLICATION,
    ATTEMPT,
    ENDPOINT,
    MESSAGE,
    OPERATIONAL_EVENT,
    format_id,
    lowest_id_at,
    operational_application_id,
)
from angarium_contracts.operational import (
    ATTEMPT_EXHAUSTED,
    ATTEMPT_FAILING,
    ATTEMPT_RECOVERED,
    ENDPOINT_CREATED,
    ENDPOINT_DELETED,
    ENDPOINT_DISABLED,
    ENDPOINT_UPDATED,
    FirstOpenMessages,
    OpenMessages,
    OperationalEvent,
    OrderRange,
    PostOperationalEvents,
)
from angarium_contracts.queries import Done, Problem, ProblemCode
from angarium_contracts.retention import ListTenantRetentions, TenantRetention, TenantRetentions
from angarium_gateway.adapters.http.schemas.operational_payload import operational_payload
from angarium_gateway.adapters.streams.service_answers import ServiceAnswers
from angarium_gateway.application.accept.accept_message import (
    Accepted,
    AcceptOutcome,
    Busy,
    Draft,
    EventIdTaken,
)
from angarium_gateway.application.read.messages import (
    Message,
    MessageFilter,
    MessagePage,
    MessageWindow,
)
from angarium_gateway.application.redelivery.resume_endpoint import ResumeEndpoint
from angarium_gateway.application.tenants.publish_operational_events import PublishOperationalEvents
from angarium_gateway.application.tenants.tenant_retention import PAGE_MAX
from angarium_gateway.application.unavailable import JournalUnavailable
from msgspec.structs import replace

from ...fakes.directory_models import CopyModel
from ...fakes.journal_model import a_message
from ...fakes.legal_hold_model import MemoryLegalHolds
from ...fakes.redelivery_models import MemoryTasks

TENANT, OTHER_TENANT = b"t" * 16, b"o" * 16
CUSTOMER = b"c" * 16
AT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
EVENT = OperationalEvent(
    id=lowest_id_at(1_893_553_445_000),
    type=ENDPOINT_CREATED,
    tenant_id=TENANT,
    application_id=CUSTOMER,
    endpoint_id=b"e" * 16,
    endpoint_uid="orders",
)
FAILED = replace(
    EVENT,
    id=b"f" * 16,
    type=ATTEMPT_FAILING,
    message_id=b"m" * 16,
    attempt_id=b"a" * 16,
    response_status=503,
    attempted_at=AT,
)
UID = r"[a-zA-Z0-9\-_.]{1,256}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
OF_ENDPOINT = {
    "appId!": r"app_\w{22}", "appUid": UID, "endpointId!": r"ep_\w{22}", "endpointUid": UID,
}  # fmt: skip
OF_ATTEMPT = {
    "appId!": r"app_\w{22}", "appUid": UID, "endpointId!": r"ep_\w{22}",
    "msgId!": r"msg_\w{22}", "msgEventId": UID,
    "lastAttempt!": {"id!": r"atmpt_\w{22}", "responseStatusCode!": int, "timestamp!": TIME},
}  # fmt: skip
PUBLISHED: dict[str, dict[str, Any]] = {
    ENDPOINT_CREATED: OF_ENDPOINT,
    ENDPOINT_UPDATED: OF_ENDPOINT,
    ENDPOINT_DELETED: OF_ENDPOINT,
    ENDPOINT_DISABLED: {**OF_ENDPOINT, "failSince!": TIME},
    ATTEMPT_EXHAUSTED: OF_ATTEMPT,
    ATTEMPT_FAILING: OF_ATTEMPT,
    ATTEMPT_RECOVERED: OF_ATTEMPT,
}
"""The `data` of each event as the Svix API publishes it: members with their patterns, `!` those
that are required."""


def check(value: Any, published: Any) -> None:
    """Whether a value is as published, without anything that is not."""
    if isinstance(published, str):
        assert re.fullmatch(published, value), (value, published)
    elif isinstance(published, type):
        assert type(value) is published
    else:
        required = {name[:-1] for name in published if name.endswith("!")}
        members = {name.removesuffix("!"): member for name, member in published.items()}
        assert required <= set(value) <= set(members)
        for name, member in value.items():
            check(member, members[name])


@dataclass
class AcceptModel:
    """The use case `AcceptMessage`: takes each event id once in an application."""

    taken: dict[tuple[bytes, str, str], Draft] = field(default_factory=dict)
    busy: bool = False
    problem: Problem | None = None

    async def __call__(self, tenant_id: bytes, application_ref: str, draft: Draft) -> AcceptOutcome:
        if self.busy:
            return Busy("The database is not reachable.")
        if self.problem is not None:
            return self.problem
        assert draft.event_id is not None
        if (tenant_id, application_ref, draft.event_id) in self.taken:
            return EventIdTaken(draft.event_id)
        self.taken[tenant_id, application_ref, draft.event_id] = draft
        return Accepted(a_message())


@dataclass
class MessagesModel:
    messages: dict[bytes, Message] = field(default_factory=dict)

    async def find(self, application_id: bytes, ref: str, *, with_content: bool) -> Message | None:
        raise NotImplementedError

    async def find_many(
        self, application_id: bytes, message_ids: Any, *, with_content: bool = False
    ) -> dict[bytes, Message]:
        return {one: self.messages[one] for one in message_ids if one in self.messages}

    async def page(
        self,
        application_id: bytes,
        window: MessageWindow,
        chosen: MessageFilter,
        *,
        with_content: bool,
    ) -> MessagePage:
        raise NotImplementedError


class Telling:
    def __init__(self) -> None:
        self.accept = AcceptModel()
        self.copy = CopyModel()
        self.messages = MessagesModel()
        self.tell = PublishOperationalEvents(
            self.accept, self.copy, self.messages, operational_payload
        )
        self.copy.put(ApplicationState(CUSTOMER, TENANT, version=1, uid="acme"))

    def listen(self, tenant_id: bytes = TENANT, *, deleted: bool = False) -> str:
        """Let the tenant have operational endpoints; their application as it is referred to."""
        application_id = operational_application_id(tenant_id)
        self.copy.put(ApplicationState(application_id, tenant_id, version=1, deleted=deleted))
        return format_id(APPLICATION, application_id)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(draft.payload) for draft in self.accept.taken.values()]


@pytest.mark.parametrize("kind", PUBLISHED)
async def test_each_kind_of_event_is_as_it_is_published(kind: str) -> None:
    rig = Telling()
    rig.listen()
    rig.messages.messages[b"m" * 16] = Message(b"m" * 16, "a", "evt-1", None, None, None)
    full = replace(FAILED, type=kind, failing_since=AT)
    bare = replace(full, id=b"g" * 16, application_id=b"d" * 16, endpoint_uid=None)
    assert await rig.tell([full, bare]) == Done()
    for event in rig.told:
        assert set(event) == {"type", "data"}
        assert event["type"] == kind
        check(event["data"], PUBLISHED[kind])
    first, second = rig.told
    assert first["data"]["appUid"] == "acme"
    assert "appUid" not in second["data"]
    assert ("msgEventId" in first["data"]) is kind.startswith("message.")


async def test_an_event_is_a_message_of_the_operational_application_under_its_own_id() -> None:
    rig = Telling()
    ref = rig.listen()
    assert await rig.tell([EVENT, FAILED]) == Done()
    assert list(rig.accept.taken) == [
        (TENANT, ref, format_id(OPERATIONAL_EVENT, one.id)) for one in (EVENT, FAILED)
    ]
    created, failing = rig.accept.taken.values()
    assert (created.event_type, failing.event_type) == (ENDPOINT_CREATED, ATTEMPT_FAILING)
    assert rig.told[0]["data"] == {
        "appId": format_id(APPLICATION, CUSTOMER),
        "appUid": "acme",
        "endpointId": format_id(ENDPOINT, EVENT.endpoint_id),
        "endpointUid": "orders",
    }
    assert rig.told[1]["data"] == {
        "appId": format_id(APPLICATION, CUSTOMER),
        "appUid": "acme",
        "endpointId": format_id(ENDPOINT, EVENT.endpoint_id),
        "msgId": format_id(MESSAGE, b"m" * 16),
        "lastAttempt": {
            "id": format_id(ATTEMPT, b"a" * 16),
            "responseStatusCode": 503,
            "timestamp": "2030-01-02T03:04:05Z",
        },
    }


async def test_a_failure_is_told_with_its_explanation() -> None:
    rig = Telling()
    rig.listen()
    explanation = Explanation("server_error", "It failed.", "Repair it.", "customer")
    await rig.tell([replace(FAILED, explanation=explanation)])
    assert rig.told[0]["data"]["lastAttempt"]["explanation"] == {
        "code": "server_error",
        "cause": "It failed.",
        "remedy": "Repair it.",
        "remedyBy": "customer",
        "evidence": [],
        "documentation": "reference/failures/server_error",
    }


async def test_an_endpoint_that_was_disabled_at_once_has_failed_since_then() -> None:
    rig = Telling()
    rig.listen()
    await rig.tell([replace(EVENT, type=ENDPOINT_DISABLED)])
    assert rig.told[0]["data"]["failSince"] == "2030-01-02T03:04:05Z"


async def test_what_is_told_twice_is_there_once() -> None:
    rig = Telling()
    rig.listen()
    for _ in range(3):
        assert await rig.tell([EVENT, EVENT]) == Done()
    assert len(rig.accept.taken) == 1


async def test_nobody_is_told_who_has_no_operational_endpoints() -> None:
    rig = Telling()
    assert await rig.tell([EVENT]) == Done()
    rig.listen(deleted=True)
    assert await rig.tell([EVENT]) == Done()
    rig.listen(OTHER_TENANT)
    assert await rig.tell([EVENT]) == Done()
    assert rig.told == []


async def test_of_operational_webhooks_themselves_nothing_is_told() -> None:
    rig = Telling()
    rig.listen()
    own = replace(FAILED, application_id=operational_application_id(TENANT))
    assert await rig.tell([own]) == Done()
    assert rig.told == []


@pytest.mark.parametrize("application_id", [bytes(16), b"\xff" * 16])
async def test_events_of_every_other_application_are_told(application_id: bytes) -> None:
    rig = Telling()
    rig.listen()
    assert await rig.tell([replace(EVENT, application_id=application_id)]) == Done()
    assert [one["data"]["appId"] for one in rig.told] == [format_id(APPLICATION, application_id)]


async def test_one_that_could_not_be_committed_is_asked_for_again() -> None:
    rig = Telling()
    rig.listen()
    rig.accept.busy = True
    answer = await rig.tell([EVENT])
    assert isinstance(answer, Problem)
    assert answer.code is ProblemCode.UNAVAILABLE
    rig.accept.busy = False
    rig.accept.problem = Problem(ProblemCode.UNAVAILABLE, "not reachable")
    assert await rig.tell([EVENT]) == rig.accept.problem
    # Deleted in this moment: nobody wants it any more.
    rig.accept.problem = Problem(ProblemCode.NOT_FOUND, "no such application")
    assert await rig.tell([EVENT]) == Done()


async def test_an_incomplete_event_holds_up_no_other() -> None:
    rig = Telling()
    rig.listen()
    assert await rig.tell([replace(FAILED, attempt_id=None), EVENT]) == Done()
    assert [one["type"] for one in rig.told] == [ENDPOINT_CREATED]


class SearchModel:
    """The port `OpenMessageSearch`: every second range has an open message."""

    down = False

    async def first_open(self, ranges: Any) -> list[bytes | None]:
        if self.down:
            raise JournalUnavailable
        return [one.after if number % 2 else None for number, one in enumerate(ranges)]

    async def newest(self, ranges: Any) -> list[bytes | None]:
        if self.down:
            raise JournalUnavailable
        return [None if number % 2 else one.before for number, one in enumerate(ranges)]


class RetentionModel:
    """Implements `TenantRetentions`: every id that ends with a number is a tenant's."""

    async def find(self, tenant_id: bytes) -> int | None:
        raise AssertionError("nobody asks for one")

    async def set(self, tenant_id: bytes, days: int | None) -> None:
        raise AssertionError("nobody sets one")

    async def page(self, after: bytes | None) -> list[TenantRetention]:
        first = 0 if after is None else int.from_bytes(after) + 1
        upto = min(first + PAGE_MAX, PAGE_MAX + 10)
        return [TenantRetention(number.to_bytes(16), 7) for number in range(first, upto)]


async def test_tenants_retentions_are_told_in_pages() -> None:
    tasks = MemoryTasks()
    resume = ResumeEndpoint(tasks, lambda: None)
    answers = ServiceAnswers(
        SearchModel(), Telling().tell, RetentionModel(), resume, tasks, MemoryLegalHolds()
    )
    first = await answers.answer(ListTenantRetentions())
    assert isinstance(first, TenantRetentions)
    assert (len(first.items), first.done) == (PAGE_MAX, False)
    rest = await answers.answer(ListTenantRetentions(after=first.items[-1].tenant_id))
    assert isinstance(rest, TenantRetentions)
    assert (len(rest.items), rest.done) == (10, True)


async def test_questions_of_other_services_are_answered_within_their_bounds() -> None:
    rig, search, tasks = Telling(), SearchModel(), MemoryTasks()
    rig.listen()
    resume = ResumeEndpoint(tasks, lambda: None)
    answers = ServiceAnswers(search, rig.tell, RetentionModel(), resume, tasks, MemoryLegalHolds())
    one = OrderRange(application_id=CUSTOMER, after=b"1" * 16, before=b"2" * 16)
    assert await answers.answer(FirstOpenMessages((one, one))) == OpenMessages(
        (None, b"1" * 16), newest=(b"2" * 16, None)
    )
    assert await answers.answer(PostOperationalEvents((EVENT,))) == Done()
    told = len(rig.accept.taken)
    resumed = replace(
        EVENT, id=b"r" * 16, type="endpoint.resumed", kept_since=datetime(2030, 1, 1, tzinfo=UTC)
    )
    assert await answers.answer(PostOperationalEvents((resumed,))) == Done()
    assert (len(rig.accept.taken), list(tasks.rows)) == (told, [resumed.id])
    kept = replace(one, endpoint_id=EVENT.endpoint_id)
    after = b"1" * 15 + b"2"
    assert await answers.answer(FirstOpenMessages((kept, kept))) == OpenMessages(
        (after, b"1" * 16), newest=(b"2" * 16, None)
    )
    too_many: list[Contract] = [
        await answers.answer(FirstOpenMessages((one,) * 101)),
        await answers.answer(PostOperationalEvents((EVENT,) * 101)),
    ]
    for answer in too_many:
        assert isinstance(answer, Problem)
        assert answer.code is ProblemCode.INVALID
    search.down = True
    away = await answers.answer(FirstOpenMessages((one,)))
    assert isinstance(away, Problem)
    assert away.code is ProblemCode.UNAVAILABLE
