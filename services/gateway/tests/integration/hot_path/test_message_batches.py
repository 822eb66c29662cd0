"""Batches over HTTP, on a real journal: a result for each message, and each stored once."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from angarium_contracts.ids import MESSAGE, format_id, parse_id
from angarium_gateway.adapters.database.tables import idempotency_key, message, scheduled_message
from angarium_gateway.adapters.http.accept_route import body_bytes_max
from angarium_gateway.administration.api_keys import (
    AccessAdministration,
    KeyScope,
    NewApiKey,
    TenantQuotas,
)
from msgspec.structs import replace as with_members
from sqlalchemy import delete, func, select

from .bad_bodies import GOOD
from .conftest import PAYLOAD_BYTES_MAX, Door

ACROSS = "/api/v1/msg/batch"


def counts(answer: httpx.Response) -> dict[str, int]:
    assert answer.status_code == 202, answer.text
    return {name: number for name, number in answer.json().items() if name != "data" and number}


def statuses(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 202, answer.text
    return [each["status"] for each in answer.json()["data"]]


async def post(door: Door, messages: list[Any], path: str | None = None, **more: Any) -> Any:
    async with door.client() as client:
        return await client.post(path or f"{door.path}/batch", json={"messages": messages}, **more)


async def test_all_messages_of_a_batch_are_stored_in_their_order(any_door: Door) -> None:
    messages = [GOOD | {"eventId": f"e-{number}"} for number in range(450)]
    answer = await post(any_door, messages)
    assert counts(answer) == {"created": 450}
    results = answer.json()["data"]
    assert [each["eventId"] for each in results] == [each["eventId"] for each in messages]
    async with any_door.database.reading.connect() as connection:
        query = select(message.c.id, message.c.event_id).order_by(message.c.id)
        rows = (await connection.execute(query)).all()
    assert [(format_id(MESSAGE, bytes(row.id)), row.event_id) for row in rows] == [
        (each["id"], each["eventId"]) for each in results
    ]
    # Messages, batches (of at most 200), event ids, keys.
    assert await any_door.counts() == (450, 3, 450, 0)


async def test_each_message_has_a_result_of_its_own(any_door: Door) -> None:
    async with any_door.client() as client:
        first = (await client.post(any_door.path, json=GOOD | {"eventId": "taken"})).json()
    answer = await post(
        any_door,
        [
            GOOD | {"eventId": "taken"},
            GOOD | {"payload": []},
            GOOD | {"channels": ["a", "b", 3]},
            GOOD | {"eventId": "new"},
            GOOD | {"eventId": "new"},
            GOOD | {"tags": ["t", "t"]},
            GOOD | {"surprise": 1},
            42,
            GOOD | {"deliverAt": "2999-01-01T00:00:00Z"},
            GOOD | {"payload": {"a": "x" * PAYLOAD_BYTES_MAX}},
        ],
    )
    assert counts(answer) == {"created": 1, "duplicate": 2, "invalid": 7}
    results = answer.json()["data"]
    assert results[0] == {"status": "duplicate", "id": first["id"], "eventId": "taken"}
    assert results[4] == {"status": "duplicate", "id": results[3]["id"], "eventId": "new"}
    faults = {
        place: (each["error"]["status"], each["error"]["detail"][0]["loc"][2:])
        for place, each in enumerate(results)
        if "error" in each
    }
    assert faults == {
        1: (422, ["1", "payload"]),
        2: (422, ["2", "channels", "2"]),
        5: (422, ["5", "tags"]),
        6: (422, ["6", "surprise"]),
        7: (422, ["7"]),
        8: (422, ["8", "deliverAt"]),
        9: (413, ["9", "payload"]),
    }
    assert (await any_door.counts())[0] == 2


async def test_well_formed_messages_are_still_refused_by_themselves(door: Door) -> None:
    nested: Any = 1
    for _ in range(64):
        nested = {"a": nested}
    answer = await post(
        door,
        [
            GOOD,
            GOOD | {"payload": nested},
            GOOD | {"tags": ["t", "t"]},
            GOOD | {"transformationsParams": {"rawPayload": "<a/>"}, "payload": {}},
        ],
    )
    assert statuses(answer) == ["created", "invalid", "invalid", "created"]
    results = answer.json()["data"]
    assert results[1]["error"]["detail"][0]["msg"].startswith("Objects and arrays may nest")
    assert results[2]["error"]["detail"][0]["loc"] == ["body", "messages", "2", "tags"]
    assert (await door.counts())[0] == 2


async def test_messages_go_to_the_applications_that_they_name(any_door: Door) -> None:
    answer = await post(
        any_door,
        [GOOD | {"applicationId": "acme"}, GOOD | {"applicationId": "nobody"}, GOOD],
        ACROSS,
    )
    assert counts(answer) == {"created": 1, "invalid": 2}
    _, unknown, missing = answer.json()["data"]
    assert unknown["error"] == {
        "status": 404,
        "code": "not_found",
        "detail": [
            {
                "loc": ["body", "messages", "1", "applicationId"],
                "msg": "There is no application `nobody`. Create it first.",
                "type": "value_error",
            }
        ],
    }
    assert missing["error"]["detail"][0]["loc"] == ["body", "messages", "2", "applicationId"]


async def test_scheduled_messages_wait_beside_the_others(any_door: Door) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    answer = await post(any_door, [GOOD, GOOD | {"deliverAt": tomorrow}, GOOD])
    assert statuses(answer) == ["created"] * 3
    async with any_door.database.reading.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(scheduled_message)) == 1
        waiting = await connection.scalar(select(scheduled_message.c.message_id))
    assert parse_id(MESSAGE, answer.json()["data"][1]["id"]) == waiting


async def test_a_repeat_under_its_key_gives_the_same_answer(door: Door) -> None:
    headers = {"idempotency-key": "key-1"}
    messages = [GOOD, GOOD | {"payload": 1}, GOOD]
    answers = [await post(door, messages, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    other = await post(door, [GOOD], headers=headers)
    assert (other.status_code, other.json()["detail"][0]["loc"]) == (
        422,
        ["header", "idempotency-key"],
    )
    assert (await door.counts())[0] == 2


async def test_a_repeat_after_the_gateway_died_stores_nothing_twice(any_door: Door) -> None:
    headers = {"idempotency-key": "key-1"}
    messages = [GOOD, GOOD | {"eventId": "e"}, GOOD | {"eventId": "e"}]
    first = await post(any_door, messages, headers=headers)
    assert statuses(first) == ["created", "created", "duplicate"]
    # As if it had died after the commit: the messages are stored, and the answer is not.
    async with any_door.database.engine.begin() as connection:
        answered = idempotency_key.c.status.is_not(None)
        deleted = await connection.execute(delete(idempotency_key).where(answered))
        assert deleted.rowcount == 1
    again = await post(any_door, messages, headers=headers)
    assert again.json() == first.json()
    assert "idempotency-replayed" not in again.headers
    assert (await any_door.counts())[0] == 2


@pytest.mark.parametrize("messages", [[], [GOOD] * 1_001, "x", None])
async def test_a_batch_has_one_to_a_thousand_messages(door: Door, messages: Any) -> None:
    answer = await post(door, messages)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "messages"])


async def test_a_batch_may_be_as_large_as_the_body_of_a_message(door: Door) -> None:
    most = body_bytes_max(PAYLOAD_BYTES_MAX)
    large = GOOD | {"payload": {"a": "x" * 90_000}}
    fitting = [large] * (most // 90_100)
    assert counts(await post(door, fitting)) == {"created": len(fitting)}
    answer = await post(door, [large] * (len(fitting) + 1))
    assert answer.status_code == 413
    assert str(most) in answer.json()["detail"]
    text = json.dumps({"messages": [large] * (len(fitting) + 1)}).encode()
    headers = {"content-encoding": "gzip"}
    async with door.client() as client:
        coded = await client.post(
            f"{door.path}/batch", content=gzip.compress(text), headers=headers
        )
    assert coded.status_code == 413


async def test_a_key_of_one_application_posts_to_no_other(door: Door) -> None:
    access = AccessAdministration.of(door.database)
    tenant_id = door.application.tenant_id
    beta = with_members(door.application, id=b"b" * 16, uid="beta")
    await access.applications.learn(beta)
    key = NewApiKey(name="beta's", scope=KeyScope.APPLICATION, application_id=beta.id)
    token = (await access.keys.create(tenant_id, key)).token
    headers = {"authorization": f"Bearer {token}"}
    messages = [GOOD | {"applicationId": ref} for ref in ("acme", "beta", "acme", "nobody")]
    answer = await post(door, messages, ACROSS, headers=headers)
    assert statuses(answer) == ["invalid", "created", "invalid", "invalid"]
    errors = [each["error"] for each in answer.json()["data"] if "error" in each]
    assert {(each["status"], each["code"]) for each in errors} == {(404, "not_found")}
    assert len({each["detail"][0]["msg"] for each in errors}) == 1
    assert (await post(door, [GOOD], headers=headers)).status_code == 404


async def test_a_key_that_publishes_creates_no_application(door: Door) -> None:
    access = AccessAdministration.of(door.database)
    key = NewApiKey(name="publisher", scope=KeyScope.PUBLISH)
    token = (await access.keys.create(door.application.tenant_id, key)).token
    bringing = GOOD | {"application": {"name": "New"}}
    answer = await post(
        door,
        [bringing | {"applicationId": "acme"}, bringing | {"applicationId": "new"}],
        ACROSS,
        headers={"authorization": f"Bearer {token}"},
    )
    assert statuses(answer) == ["created", "invalid"]
    error = answer.json()["data"][1]["error"]
    assert (error["status"], error["code"]) == (403, "permission_denied")
    assert error["detail"][0]["loc"] == ["body", "messages", "1", "application"]


async def test_each_valid_message_counts_in_quotas(door: Door) -> None:
    access = AccessAdministration.of(door.database)
    await access.tenants.limit(door.application.tenant_id, TenantQuotas(messages_per_minute=30))
    answer = await post(door, [GOOD] * 20 + [GOOD | {"payload": 1}] * 20)
    assert counts(answer) == {"created": 20, "invalid": 20}
    assert '"messages";r=10;t=' in answer.headers["ratelimit"]
    refused = await post(door, [GOOD] * 11)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limit_exceeded")
    assert (await door.counts())[0] == 20
