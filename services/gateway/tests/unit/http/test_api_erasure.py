"""POST …/msg/bulk-expunge, …/msg/expunge-all-contents and …/erasure"""

from dataclasses import dataclass

import msgspec
import pytest
from angarium_contracts.configuration import GetApplication
from angarium_contracts.deliveries import DeliveriesChanged, ExpungeMessage
from angarium_contracts.ids import BACKGROUND_TASK, MESSAGE, format_id, lowest_id_at, parse_id
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.adapters.http.schemas.erasure_data import EXAMPLE_RECEIPT
from angarium_gateway.application.read.messages import Message
from angarium_gateway.domain.background_tasks import TaskKind
from angarium_gateway.domain.erasure_subjects import MetadataSubject
from angarium_gateway.domain.messages import NewMessage

from .conftest import APPLICATION_ID, STATE, TENANT, World

IDS = [lowest_id_at(n) for n in (1, 2, 3)]
REFS = [format_id(MESSAGE, each) for each in IDS]
PATH = "/api/v1/app/acme"


@pytest.fixture
def world(world: World) -> World:
    world.copy.states[APPLICATION_ID] = STATE
    world.journal.messages[APPLICATION_ID] = [
        Message(each, "a", f"evt-{n}", None, None, b"{}") for n, each in enumerate(IDS)
    ]
    for each in IDS:
        world.replayed.add(NewMessage(each, TENANT, APPLICATION_ID, "a", b"{}"))
    world.worker.answers[ExpungeMessage] = DeliveriesChanged(count=0)
    world.dispatcher.answers[GetApplication] = Problem(ProblemCode.NOT_FOUND, "no application")
    return world


async def test_the_messages_that_are_named_are_deleted(world: World) -> None:
    answer = await world.client.post(
        f"{PATH}/msg/bulk-expunge", json={"ids": [REFS[0], "evt-1", "other"]}
    )
    assert (answer.status_code, answer.json()) == (
        200,
        {"results": {REFS[0]: "expunged", "evt-1": "expunged", "other": "not-found"}},
    )
    assert [world.replayed.messages[each].expunged for each in IDS] == [True, True, False]
    assert (await world.client.post(f"{PATH}/msg/bulk-expunge", json={})).json() == {"results": {}}
    unknown = await world.client.post("/api/v1/app/other/msg/bulk-expunge", json={"ids": REFS})
    assert unknown.status_code == 404


async def test_a_message_with_a_pending_delivery_is_kept_unless_it_is_to_be_cancelled(
    world: World,
) -> None:
    world.worker.answers[ExpungeMessage] = DeliveriesChanged(count=0, done=False)
    body: dict[str, object] = {"ids": [REFS[0]]}
    answer = await world.client.post(f"{PATH}/msg/bulk-expunge", json=body)
    assert answer.status_code == 409
    assert REFS[0] in answer.json()["detail"]
    assert not world.replayed.messages[IDS[0]].expunged
    world.worker.answers[ExpungeMessage] = DeliveriesChanged(count=1)
    body["cancelPending"] = True
    assert (await world.client.post(f"{PATH}/msg/bulk-expunge", json=body)).status_code == 200
    (_, command) = world.worker.asked
    assert isinstance(command, ExpungeMessage)
    assert not command.keep_pending


async def test_a_task_that_deletes_all_contents_is_started(world: World) -> None:
    answer = await world.client.post(f"{PATH}/msg/expunge-all-contents?cancel_pending=true")
    assert answer.status_code == 202
    started = answer.json()
    assert (started["status"], started["task"]) == ("running", "application.purge_content")
    found = await world.client.get(f"/api/v1/background-task/{started['id']}")
    data = found.json()["data"]
    assert (data["looked"], data["kept"], data["cancelPending"]) == (0, 0, True)
    assert (await world.client.post("/api/v1/app/no/msg/expunge-all-contents")).status_code == 404


@dataclass(frozen=True)
class Case:
    path: str
    application_id: bytes


@pytest.mark.parametrize(
    "case", [Case("/api/v1/erasure", b""), Case(f"{PATH}/erasure", APPLICATION_ID)]
)
async def test_an_erasure_is_started(world: World, case: Case) -> None:
    answer = await world.client.post(case.path, json={"tag": "customer-77"})
    assert answer.status_code == 202
    task_id = parse_id(BACKGROUND_TASK, answer.json()["id"])
    assert task_id is not None
    task = world.tasks.rows[task_id].task
    assert task.kind is TaskKind.PURGE_CONTENT
    of = task.arguments
    assert (of.subject, of.application_id) == ("customer-77", case.application_id)
    assert (of.cancel_pending, of.requested_by) == (False, b"k" * 16)
    found = await world.client.get(f"/api/v1/background-task/{answer.json()['id']}")
    assert "customer-77" not in found.text


@pytest.mark.parametrize("path", ["/api/v1/erasure", f"{PATH}/erasure"])
async def test_an_erasure_by_metadata_is_started(world: World, path: str) -> None:
    member = {"key": "customer", "value": "canary 77"}
    answer = await world.client.post(path, json={"metadata": member})
    assert answer.status_code == 202
    task_id = parse_id(BACKGROUND_TASK, answer.json()["id"])
    assert task_id is not None
    of = world.tasks.rows[task_id].task.arguments
    assert (of.metadata, of.tag_subject) == (MetadataSubject("customer", "canary 77"), None)
    found = await world.client.get(f"/api/v1/background-task/{answer.json()['id']}")
    assert "canary" not in found.text


@pytest.mark.parametrize("body", [{}, {"tag": "p", "metadata": {"key": "customer", "value": "77"}}])
async def test_a_person_is_named_in_one_way(world: World, body: dict[str, object]) -> None:
    answer = await world.client.post("/api/v1/erasure", json=body)
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert fault["loc"] == ["body", "tag"]
    assert "`metadata`" in fault["msg"]


async def test_a_receipt_is_verified_for_a_member_of_metadata(world: World) -> None:
    receipt = msgspec.to_builtins(EXAMPLE_RECEIPT)
    member = {"key": "customer", "value": "77"}
    path = "/api/v1/erasure/verify-receipt"
    for subject, matches in (({}, None), ({"metadata": member}, False), ({"tag": "p"}, False)):
        answer = await world.client.post(path, json={"receipt": receipt} | subject)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"genuine": False, "subjectMatches": matches}
    both = {"receipt": receipt, "tag": "p", "metadata": member}
    assert (await world.client.post(path, json=both)).status_code == 422


@pytest.mark.parametrize("path", ["/api/v1/legal-hold", f"{PATH}/legal-hold"])
async def test_what_a_legal_hold_keeps_is_not_deleted(world: World, path: str) -> None:
    assert (await world.client.get(path)).status_code == 404
    placed = await world.client.put(path, json={"reason": "case 17"})
    assert placed.status_code == 200
    assert placed.json()["reason"] == "case 17"
    assert (await world.client.get(path)).json() == placed.json()
    message = f"{PATH}/msg/{REFS[0]}"
    for method, url, body in (
        ("DELETE", f"{message}/content", None),
        ("POST", f"{PATH}/msg/bulk-expunge", {"ids": REFS}),
        ("POST", f"{PATH}/msg/expunge-all-contents", None),
        ("POST", f"{PATH}/erasure", {"tag": "p"}),
        ("POST", "/api/v1/erasure", {"tag": "p"}),
    ):
        answer = await world.client.request(method, url, json=body)
        assert answer.status_code == 409, url
        assert "case 17" in answer.json()["detail"]
    assert (await world.client.delete(path)).status_code == 204
    assert (await world.client.get(path)).status_code == 404
    deleted = await world.client.post(f"{PATH}/msg/bulk-expunge", json={"ids": REFS})
    assert deleted.status_code == 200
