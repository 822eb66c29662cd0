"""Resending, recovering, replaying, examples, and what is told of deliveries."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from angarium_contracts.configuration import EventType, EventTypeSaved, GetEndpoint, GetEventType
from angarium_contracts.contract import Contract
from angarium_contracts.deliveries import (
    DeliveriesChanged,
    EndpointDeliveryState,
    EndpointStats,
    ExpungeMessage,
    GetEndpointDeliveryState,
    GetEndpointStats,
    MatchedMessages,
    MatchMessages,
    MessageKind,
    ResendDeliveries,
    ResentMessage,
)
from angarium_contracts.ids import (
    APPLICATION,
    BACKGROUND_TASK,
    ENDPOINT,
    MESSAGE,
    format_id,
    lowest_id_at,
)
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.read.messages import Message
from angarium_gateway.application.redelivery.start_task import RUNNING_MAX
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.domain.background_tasks import TaskKind, TaskProgress
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.messages import NewMessage
from angarium_gateway.domain.permissions import KeyScope
from msgspec.structs import replace as changed
from svix.models import (
    BackgroundTaskOut,
    ListResponseBackgroundTaskOut,
    MessageOut,
    RecoverOut,
    ReplayOut,
)
from svix.models import EndpointStats as SdkStats

from .conftest import (
    APPLICATION_ID,
    ENDPOINT_ID,
    MADE_AT,
    OTHER_TOKEN,
    STATE,
    TENANT,
    World,
    endpoint_saved,
)

ENDPOINT_PATH = "/api/v1/app/acme/endpoint/orders"
RESEND = "/api/v1/app/acme/msg/evt/endpoint/orders/resend"
TASKS = "/api/v1/background-task"
MESSAGE_ID = b"m" * 16
SINCE = {"since": "2030-01-01T00:00:00Z"}
STARTS = {
    "recover": TaskKind.RECOVER,
    "replay-missing": TaskKind.REPLAY_MISSING,
    "bulk-replay": TaskKind.BULK_REPLAY,
}
DISABLED = Problem(ProblemCode.CONFLICT, "the endpoint is disabled; enable it, then ask again")


def matched(question: MatchMessages) -> Contract:
    count = len(question.kinds)
    return MatchedMessages(
        ENDPOINT_ID, 8, APPLICATION_ID, (True,) * count, ((1.0,),) * count, weight=3
    )


@pytest.fixture(autouse=True)
def answers(world: World) -> None:
    world.copy.states[APPLICATION_ID] = STATE
    message = NewMessage(
        MESSAGE_ID, TENANT, APPLICATION_ID, "invoice.paid", b'{"a":1}', ("eu",), trace="00-1"
    )
    world.replayed.add(message)
    world.journal.messages[APPLICATION_ID] = [
        Message(MESSAGE_ID, "invoice.paid", "evt", ("eu",), None, b'{"a":1}')
    ]
    world.dispatcher.answers[MatchMessages] = matched
    world.dispatcher.answers[GetEndpoint] = endpoint_saved()
    world.worker.answers[ResendDeliveries] = DeliveriesChanged(1)


async def test_a_message_is_resent_with_its_content_and_its_endpoints_state(world: World) -> None:
    answer = await world.client.post(RESEND)
    assert (answer.status_code, answer.json()) == (202, {})
    assert world.dispatcher.asked == [
        MatchMessages(TENANT, "acme", "orders", (MessageKind("invoice.paid", ("eu",)),), True)
    ]
    resent = ResentMessage(MESSAGE_ID, "invoice.paid", b'{"a":1}', "00-1", ("eu",), (1.0,))
    assert world.worker.asked == [
        ResendDeliveries(TENANT, APPLICATION_ID, ENDPOINT_ID, 8, (resent,), weight=3)
    ]


async def test_a_resend_under_a_key_is_carried_out_once(world: World) -> None:
    for _ in range(2):
        answer = await world.client.post(RESEND, headers={"idempotency-key": "k"})
        assert (answer.status_code, answer.json()) == (202, {})
    assert len(world.worker.asked) == 1


@pytest.mark.parametrize("way", ["resend", *STARTS, "send-example"])
async def test_whatever_is_for_a_disabled_endpoint_is_refused_with_the_reason(
    world: World, way: str
) -> None:
    world.dispatcher.answers[MatchMessages] = DISABLED
    if way == "resend":
        answer = await world.client.post(RESEND)
    else:
        body = {"eventType": "invoice.paid"} if way == "send-example" else SINCE
        answer = await world.client.post(f"{ENDPOINT_PATH}/{way}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert answer.json()["detail"] == DISABLED.detail
    assert (world.worker.asked, world.tasks.rows, world.replayed.targeted) == ([], {}, [])


async def test_what_is_unknown_is_not_resent(world: World) -> None:
    answer = await world.client.post(RESEND.replace("evt", "other"))
    assert answer.status_code == 404
    assert "There is no message `other`" in answer.json()["detail"]
    world.dispatcher.answers[MatchMessages] = Problem(ProblemCode.NOT_FOUND, "no such endpoint")
    answer = await world.client.post(RESEND)
    assert (answer.status_code, answer.json()["detail"]) == (404, "no such endpoint")
    assert world.worker.asked == []


async def test_a_message_without_content_is_not_resent(world: World) -> None:
    world.replayed.add(changed(world.replayed.messages[MESSAGE_ID], payload=b"", expunged=True))
    answer = await world.client.post(RESEND)
    assert answer.status_code == 409
    assert "payload of this message was deleted" in answer.json()["detail"]


async def test_a_payload_that_is_deleted_while_it_is_resent_is_deleted_at_the_worker(
    world: World,
) -> None:
    async def deleted_meanwhile(command: Contract) -> Contract:
        await world.replayed.expunge(APPLICATION_ID, MESSAGE_ID)
        return DeliveriesChanged(count=1)

    world.worker.answers[ResendDeliveries] = deleted_meanwhile
    world.worker.answers[ExpungeMessage] = DeliveriesChanged(count=1)
    assert (await world.client.post(RESEND)).status_code == 202
    assert [type(command) for command in world.worker.asked] == [ResendDeliveries, ExpungeMessage]


async def test_a_message_that_is_not_due_yet_is_not_resent_unless_it_was_cancelled(
    world: World,
) -> None:
    (message,) = world.journal.messages[APPLICATION_ID]
    scheduled = replace(message, deliver_at=MADE_AT + timedelta(hours=1))
    world.journal.messages[APPLICATION_ID] = [scheduled]
    answer = await world.client.post(RESEND)
    assert answer.status_code == 409
    assert "2030-01-02T04:04:05" in answer.json()["detail"]
    world.journal.messages[APPLICATION_ID] = [replace(scheduled, canceled_at=MADE_AT)]
    assert (await world.client.post(RESEND)).status_code == 202


async def test_a_worker_that_does_not_answer_is_to_be_asked_again(world: World) -> None:
    world.worker.answers[ResendDeliveries] = Problem(ProblemCode.UNAVAILABLE, "no answer")
    answer = await world.client.post(RESEND)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize(("way", "kind"), STARTS.items())
async def test_what_takes_long_is_started_and_watched(
    world: World, way: str, kind: TaskKind
) -> None:
    body = {**SINCE, "until": "2030-01-01T12:00:00+02:00"}
    answer = await world.client.post(f"{ENDPOINT_PATH}/{way}", json=body)
    assert answer.status_code == 202
    shape = RecoverOut if way == "recover" else ReplayOut
    started: Any = shape.model_validate(answer.json())
    assert (started.status.value, started.task.value) == ("running", kind.value)
    (row,) = world.tasks.rows.values()
    assert row.task.arguments.since == datetime(2030, 1, 1, tzinfo=UTC)
    assert row.task.arguments.until == datetime(2030, 1, 1, 10, tzinfo=UTC)
    assert row.task.arguments.endpoint_id == ENDPOINT_ID
    found = await world.client.get(f"{TASKS}/{started.id}")
    assert found.json() == {
        "id": started.id,
        "status": "running",
        "task": kind.value,
        "updatedAt": "2030-01-02T03:04:05.678901Z",
        "state": "running",
        "progress": {"percent": 0, "done": 0, "total": None},
        "data": {
            "appId": format_id(APPLICATION, APPLICATION_ID),
            "endpointId": format_id(ENDPOINT, ENDPOINT_ID),
            "since": "2030-01-01T00:00:00Z",
            "until": "2030-01-01T10:00:00Z",
            "looked": 0,
            "resent": 0,
            "skipped": 0,
        },
    }
    assert BackgroundTaskOut.model_validate(found.json()).id == started.id


async def test_a_task_ends_with_what_was_accepted_before_it(world: World) -> None:
    for until in ({}, {"until": None}, {"until": "2040-01-01T00:00:00Z"}):
        await world.client.post(f"{ENDPOINT_PATH}/recover", json={**SINCE, **until})
    assert [row.task.arguments.until for row in world.tasks.rows.values()] == [MADE_AT] * 3


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({}, "since"),
        ({"since": "yesterday"}, "since"),
        ({"since": 5}, "since"),
        ({"since": "2035-01-01T00:00:00Z"}, "since"),
        ({**SINCE, "until": "2029-01-01T00:00:00Z"}, "since"),
        ({**SINCE, "until": "x"}, "until"),
    ],
)
@pytest.mark.parametrize("way", STARTS)
async def test_times_that_make_no_sense_are_refused(
    world: World, way: str, body: dict[str, Any], location: str
) -> None:
    answer = await world.client.post(f"{ENDPOINT_PATH}/{way}", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", location]
    assert world.tasks.rows == {}


async def test_a_time_without_zone_is_utc(world: World) -> None:
    await world.client.post(f"{ENDPOINT_PATH}/recover", json={"since": "2030-01-01T00:00:00"})
    (row,) = world.tasks.rows.values()
    assert row.task.arguments.since == datetime(2030, 1, 1, tzinfo=UTC)


async def test_a_recovery_under_a_key_is_started_once(world: World) -> None:
    answers = [
        await world.client.post(
            f"{ENDPOINT_PATH}/recover", json=SINCE, headers={"idempotency-key": "k"}
        )
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len(world.tasks.rows) == 1


async def test_a_tenant_may_run_only_so_many_tasks(world: World) -> None:
    for _ in range(RUNNING_MAX):
        await world.client.post(f"{ENDPOINT_PATH}/recover", json=SINCE)
    answer = await world.client.post(f"{ENDPOINT_PATH}/recover", json=SINCE)
    assert answer.status_code == 409
    assert "when some of them have ended" in answer.json()["detail"]


async def test_a_bulk_replay_takes_filters_but_not_by_status(world: World) -> None:
    filters = {"eventTypes": ["invoice.paid"], "channel": "eu", "tag": "vip"}
    answer = await world.client.post(f"{ENDPOINT_PATH}/bulk-replay", json={**SINCE, **filters})
    task = (await world.client.get(f"{TASKS}/{answer.json()['id']}")).json()
    assert filters.items() <= task["data"].items()
    for member in ("status", "statusCodeClass"):
        body = {**SINCE, member: 100}
        answer = await world.client.post(f"{ENDPOINT_PATH}/bulk-replay", json=body)
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["body", member]
        assert "Leave it out" in answer.json()["detail"][0]["msg"]


async def test_tasks_tell_how_far_they_are_and_why_they_failed(world: World) -> None:
    started = (await world.client.post(f"{ENDPOINT_PATH}/recover", json=SINCE)).json()
    held = await world.tasks.lease(lease_s=30)
    assert held is not None
    progress = TaskProgress(lowest_id_at(1_893_456_000_000), 7, 5, 2)
    await world.tasks.end(held, progress, error="the endpoint was deleted")
    task = (await world.client.get(f"{TASKS}/{started['id']}")).json()
    assert task["status"] == "failed"
    data = task["data"]
    assert (data["looked"], data["resent"], data["skipped"]) == (7, 5, 2)
    assert (data["position"], data["error"]) == ("2030-01-01T00:00:00Z", "the endpoint was deleted")


async def test_tasks_are_listed_newest_first_in_pages(world: World) -> None:
    ids = [
        (await world.client.post(f"{ENDPOINT_PATH}/{way}", json=SINCE)).json()["id"]
        for way in STARTS
    ][::-1]
    first = (await world.client.get(TASKS, params={"limit": 2})).json()
    assert ListResponseBackgroundTaskOut.model_validate(first).done is False
    assert [item["id"] for item in first["data"]] == ids[:2]
    params = {"limit": 2, "iterator": first["iterator"]}
    rest = (await world.client.get(TASKS, params=params)).json()
    assert ([item["id"] for item in rest["data"]], rest["done"]) == (ids[2:], True)
    back = (await world.client.get(TASKS, params={"iterator": rest["prevIterator"]})).json()
    assert [item["id"] for item in back["data"]] == ids[:2]
    rising = (await world.client.get(TASKS, params={"order": "ascending"})).json()
    assert [item["id"] for item in rising["data"]] == ids[::-1]
    chosen = {"task": "endpoint.replay", "status": "running"}
    listed = (await world.client.get(TASKS, params=chosen)).json()
    assert [item["id"] for item in listed["data"]] == [ids[1]]
    failed = (await world.client.get(TASKS, params={"status": "failed"})).json()
    assert failed == {"data": [], "iterator": None, "prevIterator": None, "done": True}


@pytest.mark.parametrize(
    "params",
    [{"iterator": "x"}, {"status": "lost"}, {"task": "x"}, {"order": "up"}, {"limit": 251}],
)
async def test_a_list_of_tasks_is_asked_for_properly(world: World, params: dict[str, Any]) -> None:
    answer = await world.client.get(TASKS, params=params)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", *params]


async def test_a_task_of_another_tenant_is_not_found(world: World) -> None:
    started = (await world.client.post(f"{ENDPOINT_PATH}/recover", json=SINCE)).json()
    headers = {"authorization": f"Bearer {OTHER_TOKEN}"}
    answer = await world.client.get(f"{TASKS}/{started['id']}", headers=headers)
    assert answer.status_code == 404
    assert (await world.client.get(TASKS, headers=headers)).json()["data"] == []
    for unknown in ("x", format_id(BACKGROUND_TASK, b"u" * 16)):
        assert (await world.client.get(f"{TASKS}/{unknown}")).status_code == 404


def with_schemas(schemas: object) -> EventTypeSaved:
    text = None if schemas is None else msgspec.json.encode(schemas)
    return EventTypeSaved(
        EventType("invoice.paid", "d", False, False, None, text, MADE_AT, MADE_AT)
    )


async def test_a_repeated_example_has_the_payload_that_the_journal_has(world: World) -> None:
    world.dispatcher.answers[GetEventType] = with_schemas({"1": {"examples": [{"card": "canary"}]}})
    path, body = f"{ENDPOINT_PATH}/send-example", {"eventType": "invoice.paid"}

    async def sent() -> httpx.Response:
        return await world.client.post(path, json=body, headers={"idempotency-key": "auto_1"})

    first = await sent()
    ((_, _, stored),) = world.keys.rows.values()
    assert stored is not None
    ((digest, _),) = world.keys.rows.items()
    assert b"canary" not in world.seal.open(stored.body, digest)
    (targeted,) = world.replayed.targeted
    message = Message(targeted.id, "invoice.paid", None, None, None, targeted.payload)
    world.journal.messages[APPLICATION_ID] = [message]
    again = await sent()
    assert (again.status_code, again.content) == (200, first.content)
    world.journal.messages[APPLICATION_ID] = [replace(message, payload=b"", expunged=True)]
    assert (await sent()).json() == first.json() | {"payload": {"expired": True}}
    world.journal.messages[APPLICATION_ID] = []
    gone = await sent()
    assert (gone.status_code, gone.json()["code"]) == (410, "created_object_deleted")
    assert len(world.replayed.targeted) == 1


async def test_an_example_is_stored_for_this_endpoint_only_and_sent_to_it(world: World) -> None:
    world.dispatcher.answers[GetEventType] = with_schemas(
        {"1": {"examples": [{"old": 1}]}, "2": {"examples": [{"new": 1}, {"new": 2}]}}
    )
    for more, payload in (({}, {"new": 1}), ({"exampleIndex": 1}, {"new": 2})):
        answer = await world.client.post(
            f"{ENDPOINT_PATH}/send-example", json={"eventType": "invoice.paid", **more}
        )
        assert answer.status_code == 200
        sent = MessageOut.model_validate(answer.json())
        assert (sent.event_type, sent.payload) == ("invoice.paid", payload)
        stored = world.replayed.targeted[-1]
        assert sent.id == format_id(MESSAGE, stored.id)
        assert (stored.tenant_id, stored.application_id) == (TENANT, APPLICATION_ID)
        command = world.worker.asked[-1]
        assert isinstance(command, ResendDeliveries)
        assert command.messages == (
            ResentMessage(stored.id, "invoice.paid", stored.payload, retry_delays_s=(1.0,)),
        )


async def test_a_payload_of_ones_own_goes_in_place_of_the_example(world: World) -> None:
    world.dispatcher.answers[GetEventType] = with_schemas(None)
    body = {"eventType": "invoice.paid", "payload": {"own": True}}
    answer = await world.client.post(f"{ENDPOINT_PATH}/send-example", json=body)
    assert (answer.status_code, answer.json()["payload"]) == (200, {"own": True})


@pytest.mark.parametrize(
    "schemas", [None, {}, {"1": {"type": "object"}}, {"1": {"examples": ["text"]}}]
)
async def test_a_type_without_example_is_told_to_get_one(world: World, schemas: object) -> None:
    world.dispatcher.answers[GetEventType] = with_schemas(schemas)
    body = {"eventType": "invoice.paid"}
    answer = await world.client.post(f"{ENDPOINT_PATH}/send-example", json=body)
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert fault["loc"] == ["body", "eventType"]
    assert "Add one" in fault["msg"]
    assert world.replayed.targeted == []


async def test_an_example_of_an_unknown_type_is_not_found(world: World) -> None:
    world.dispatcher.answers[GetEventType] = Problem(ProblemCode.NOT_FOUND, "no such event type")
    body = {"eventType": "invoice.paid"}
    answer = await world.client.post(f"{ENDPOINT_PATH}/send-example", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (404, "no such event type")


async def test_a_ping_can_be_sent_without_its_event_type(world: World) -> None:
    world.dispatcher.answers[GetEventType] = Problem(ProblemCode.NOT_FOUND, "no such event type")
    answer = await world.client.post(
        f"{ENDPOINT_PATH}/send-example", json={"eventType": "svix.ping"}
    )
    assert (answer.status_code, answer.json()["payload"]) == (200, {"success": True})
    another = {"eventType": "svix.ping", "exampleIndex": 1}
    answer = await world.client.post(f"{ENDPOINT_PATH}/send-example", json=another)
    assert answer.json()["detail"][0]["loc"] == ["body", "eventType"]
    world.dispatcher.answers[GetEventType] = with_schemas({"1": {"examples": [{"own": 1}]}})
    answer = await world.client.post(
        f"{ENDPOINT_PATH}/send-example", json={"eventType": "svix.ping"}
    )
    assert answer.json()["payload"] == {"own": 1}


@pytest.mark.parametrize("body", [{}, {"eventType": "a b"}, {"eventType": "a", "payload": [1]}])
async def test_an_example_is_asked_for_properly(world: World, body: dict[str, Any]) -> None:
    answer = await world.client.post(f"{ENDPOINT_PATH}/send-example", json=body)
    assert answer.status_code == 422
    assert world.dispatcher.asked == []


async def test_an_example_that_the_worker_did_not_take_is_to_be_asked_for_again(
    world: World,
) -> None:
    world.dispatcher.answers[GetEventType] = with_schemas({"1": {"example": {"a": 1}}})
    world.worker.answers[ResendDeliveries] = Problem(ProblemCode.UNAVAILABLE, "no answer")
    body = {"eventType": "invoice.paid"}
    answer = await world.client.post(f"{ENDPOINT_PATH}/send-example", json=body)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_deliveries_of_an_endpoint_are_counted(world: World) -> None:
    world.worker.answers[GetEndpointStats] = EndpointStats(1, 2, 3, 4, 5)
    answer = await world.client.get(f"{ENDPOINT_PATH}/stats", params={**SINCE})
    assert answer.json() == {"success": 1, "pending": 2, "sending": 3, "fail": 4, "canceled": 5}
    assert SdkStats.model_validate(answer.json()).canceled == 5
    since = datetime(2030, 1, 1, tzinfo=UTC)
    assert world.worker.asked == [GetEndpointStats(ENDPOINT_ID, since, None)]
    bad = await world.client.get(f"{ENDPOINT_PATH}/stats", params={"until": "soon"})
    assert (bad.status_code, bad.json()["detail"][0]["loc"]) == (422, ["query", "until"])


async def test_how_an_endpoint_is_delivered_to_is_told(world: World) -> None:
    world.worker.answers[GetEndpointDeliveryState] = EndpointDeliveryState(
        "open", 10_000, 3, 5, MADE_AT, MADE_AT
    )
    answer = await world.client.get(f"{ENDPOINT_PATH}/delivery-state")
    assert answer.json() == {
        "state": "open",
        "parked": 10_000,
        "scheduled": 3,
        "concurrencyLimit": 5,
        "openUntil": "2030-01-02T03:04:05.678901Z",
        "failingSince": "2030-01-02T03:04:05.678901Z",
    }
    assert world.worker.asked == [GetEndpointDeliveryState(ENDPOINT_ID)]


@pytest.mark.parametrize("what", ["stats", "delivery-state"])
async def test_nothing_is_told_of_an_endpoint_that_is_not_the_tenants(
    world: World, what: str
) -> None:
    world.dispatcher.answers[GetEndpoint] = Problem(ProblemCode.NOT_FOUND, "no such endpoint")
    assert (await world.client.get(f"{ENDPOINT_PATH}/{what}")).status_code == 404
    assert world.worker.asked == []


async def test_a_key_of_an_application_reads_the_tasks_of_its_application_only(
    world: World,
) -> None:
    started = (await world.client.post(f"{ENDPOINT_PATH}/recover", json=SINCE)).json()
    for application_id, ids in ((APPLICATION_ID, [started["id"]]), (b"x" * 16, [])):
        caller = Caller(TENANT, b"a" * 16, KeyScope.APPLICATION, application_id)
        token = f"of-{application_id.hex()}"
        world.api_keys.callers[token_hash(token)] = caller
        headers = {"authorization": f"Bearer {token}"}
        one = await world.client.get(f"{TASKS}/{started['id']}", headers=headers)
        assert one.status_code == (200 if ids else 404)
        listed = await world.client.get(TASKS, headers=headers)
        assert [task["id"] for task in listed.json()["data"]] == ids
