"""Which requests get an entry in the audit log, and what it holds."""

import asyncio
import re
from collections import defaultdict
from typing import Any

import pytest
from angarium_contracts.configuration import (
    Applications,
    CreateApplication,
    GetApplication,
    ListApplications,
)
from angarium_contracts.ids import API_KEY, format_id
from angarium_contracts.queries import Problem, ProblemCode
from angarium_contracts.tenant_policy import SetTenantPolicy, TenantPolicy
from angarium_gateway.application.tenants.audit_log import AuditEntry
from angarium_gateway.application.tenants.record_change import PATH_CHARS_MAX
from structlog.testing import capture_logs

from .audit_model import audit_id
from .conftest import MADE_AT, TENANT, TOKEN, World, application_saved

BODY = {"name": "Acme", "uid": "acme", "metadata": {"note": "hunter2"}}
KEY = {"idempotency-key": "auto_123"}
NOT_FOUND = Problem(ProblemCode.NOT_FOUND, "there is no such thing")


@pytest.fixture(autouse=True)
def answers(world: World) -> None:
    """The services know nothing, but that applications can be created."""
    world.dispatcher.answers = defaultdict(lambda: NOT_FOUND)
    world.worker.answers = defaultdict(lambda: NOT_FOUND)
    world.dispatcher.answers[CreateApplication] = application_saved(created=True)


def recorded(world: World) -> list[tuple[str, int]]:
    return [(entry.operation, entry.status) for entry in world.audit_log.entries]


async def create(world: World, **options: Any) -> int:
    answer = await world.client.post("/api/v1/app", **{"json": BODY, **options})
    return answer.status_code


async def test_a_change_is_recorded_with_who_made_it_but_nothing_of_what_was_sent(
    world: World,
) -> None:
    await create(world, params={"get_if_exists": "true"}, headers=KEY)
    (entry,) = world.audit_log.entries
    assert entry == AuditEntry(
        id=audit_id(0),
        tenant_id=TENANT,
        key_id=b"k" * 16,
        operation="v1.application.create",
        method="POST",
        path="/api/v1/app",
        status=201,
        address="127.0.0.1",
        after=entry.after,
    )
    assert '"uid":"acme"' in str(entry.after)
    for sent in ("hunter2", "auto_123", TOKEN, "get_if_exists"):
        assert sent not in repr(entry)


POSTED = {
    "v1.message.create",
    "v1.message.create-batch",
    "v1.message.create-batch-across",
    "v1.streaming.events.create",
    "v1.message.precheck",
}
"""Posted messages are on record in the journal."""
TRIALS = {"v1.endpoint.check-url", "v1.event-type-schema.test"}
"""They change nothing, and are asked while somebody types."""
RECORDED_READS = {"v1.quarantine.get-bytes"}
PUBLIC = {"v1.authentication.sign-in", "v1.authentication.begin-oidc"}
"""Without an API key: recorded once they have succeeded, by the key that they made."""
ENDLESS = {"v1.event-stream.application", "v1.event-stream.tenant"}


async def test_every_operation_that_may_change_something_is_recorded_and_no_other(
    world: World,
) -> None:
    document = (await world.client.get("/api/v1/openapi.json")).json()
    changing = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            operation_id = operation["operationId"]
            changes = method not in ("get", "head") and operation_id not in POSTED | PUBLIC | TRIALS
            if changes or operation_id in RECORDED_READS:
                changing.add((operation_id, method.upper()))
            if operation["operationId"] in ENDLESS:
                continue
            named = re.sub(r"\{\w+\}", "x", path)
            answer = await world.client.request(method, named, json={"since": MADE_AT.isoformat()})
            assert answer.status_code < 500, (path, answer.text)
    assert len(changing) > 25
    entries = world.audit_log.entries
    assert {(entry.operation, entry.method) for entry in entries} == changing
    assert len(entries) == len(changing)


async def test_the_policy_of_the_tenant_is_recorded(world: World) -> None:
    world.dispatcher.answers[SetTenantPolicy] = TenantPolicy()
    await world.client.put(
        "/api/v1/tenant/policy", json={"retrySchedule": None, "retentionDays": 7}
    )
    assert recorded(world) == [("v1.tenant.update-policy", 200)]


@pytest.mark.parametrize(
    ("status", "options"),
    [
        (422, {"json": {"name": 1}}),
        (422, {"content": b"{"}),
        (422, {"headers": {"idempotency-key": "k" * 257}}),
        (413, {"content": b" " * 5_000}),
        (413, {"content": b" " * 5_000, "headers": KEY}),
    ],
)
async def test_what_is_refused_is_recorded(
    world: World, status: int, options: dict[str, Any]
) -> None:
    if "content" in options:
        options = {"json": None, **options}
    assert await create(world, **options) == status
    assert recorded(world) == [("v1.application.create", status)]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Problem(ProblemCode.CONFLICT, "taken"), 409),
        (Problem(ProblemCode.UNAVAILABLE, "try again"), 503),
    ],
)
async def test_what_a_service_refuses_is_recorded(
    world: World, answer: Problem, status: int
) -> None:
    world.dispatcher.answers[CreateApplication] = answer
    assert await create(world) == status
    assert recorded(world) == [("v1.application.create", status)]


async def test_an_error_of_ours_is_recorded(world: World) -> None:
    def break_down(_: object) -> Problem:
        raise RuntimeError

    world.dispatcher.answers[CreateApplication] = break_down
    assert await create(world) == 500
    assert recorded(world) == [("v1.application.create", 500)]


@pytest.mark.parametrize("authorization", ["Bearer unknown", "Basic x", ""])
async def test_who_has_no_key_leaves_no_entry(world: World, authorization: str) -> None:
    assert await create(world, headers={"authorization": authorization}) == 401
    assert world.audit_log.entries == []


async def test_what_is_no_operation_leaves_no_entry(world: World) -> None:
    assert (await world.client.post("/api/v1/nothing", json={})).status_code == 404
    assert (await world.client.delete("/api/v1/app")).status_code == 405
    assert world.audit_log.entries == []


async def test_reading_leaves_no_entry(world: World) -> None:
    world.dispatcher.answers[ListApplications] = Applications(items=(), done=True)
    for path in ("/api/v1/app", "/api/v1/app?limit=none", "/api/v1/app/other", "/api/v1/audit-log"):
        await world.client.get(path)
    await world.client.options("/api/v1/app")
    assert world.audit_log.entries == []


async def test_a_message_for_what_cannot_be_an_application_leaves_no_entry(world: World) -> None:
    answer = await world.client.post("/api/v1/app/a!b/msg", json={})
    assert answer.status_code == 422
    assert world.audit_log.entries == []


async def test_an_answer_that_is_given_again_leaves_no_second_entry(world: World) -> None:
    world.dispatcher.answers[GetApplication] = application_saved()
    assert [await create(world, headers=KEY) for _ in range(3)] == [201] * 3
    assert recorded(world) == [("v1.application.create", 201)]
    assert await create(world, headers=KEY, json={"name": "Other"}) == 422
    assert recorded(world)[1:] == [("v1.application.create", 422)]


async def test_a_repeat_while_the_first_is_in_flight_is_recorded_as_refused(world: World) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def answer_late(_: object) -> Problem:
        started.set()
        await finish.wait()
        return NOT_FOUND

    world.dispatcher.answers[CreateApplication] = answer_late
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(create(world, headers=KEY))
        await started.wait()
        assert await create(world, headers=KEY) == 409
        assert recorded(world) == [("v1.application.create", 409)]
        finish.set()
    assert recorded(world)[1:] == [("v1.application.create", 404)]


async def test_a_path_is_recorded_encoded_and_within_bounds(world: World) -> None:
    assert (await world.client.delete("/api/v1/app/a%00%C3%A9%20b/")).status_code == 422
    assert (await world.client.delete(f"/api/v1/app/{'a' * 5_000}")).status_code == 422
    short, long = [entry.path for entry in world.audit_log.entries]
    assert short == "/api/v1/app/a%00%C3%A9%20b"
    assert long == "/api/v1/app/".ljust(PATH_CHARS_MAX, "a")


@pytest.mark.parametrize("hangs", [False, True])
async def test_the_answer_goes_out_when_the_entry_cannot_be_written(
    world: World, hangs: bool
) -> None:
    world.audit_log.down = True
    if hangs:
        world.audit_log.gate.clear()
    with capture_logs() as logged:
        answer = await world.client.post("/api/v1/app?get_if_exists=true", json=BODY, headers=KEY)
    assert (answer.status_code, answer.json()["uid"]) == (201, "acme")
    assert logged == [
        {
            "event": "audit.not_written",
            "log_level": "warning",
            "key": format_id(API_KEY, b"k" * 16),
            "operation": "v1.application.create",
            "method": "POST",
            "path": "/api/v1/app",
            "status": 201,
            "address": "127.0.0.1",
            "error": "TimeoutError" if hangs else "the disk is full",
        }
    ]


async def test_the_entry_is_written_before_the_answer_leaves(world: World) -> None:
    world.audit_log.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        request = tasks.create_task(create(world))
        await world.audit_log.asked.wait()
        assert not request.done()
        world.audit_log.gate.set()
    assert request.result() == 201
