"""Attempts by message, by endpoint, and one."""

from datetime import UTC, datetime

import pytest
from angarium_contracts.attempts import (
    Attempt,
    AttemptFilter,
    AttemptFound,
    AttemptHeaders,
    AttemptHeadersFound,
    Attempts,
    AttemptStatus,
    AttemptTrigger,
    Evidence,
    Explanation,
    GetAttempt,
    GetAttemptHeaders,
    Header,
    ListAttemptsByEndpoint,
    ListAttemptsByMessage,
    Timings,
)
from angarium_contracts.configuration import GetEndpoint
from angarium_contracts.ids import ATTEMPT, ENDPOINT, MESSAGE, format_id, lowest_id_at
from angarium_contracts.queries import Page, Problem, ProblemCode
from angarium_gateway.application.read.messages import Message
from msgspec.structs import replace

from .conftest import APPLICATION_ID, ENDPOINT_ID, MADE_AT, STATE, World, endpoint_saved

PAID = Message(lowest_id_at(1), "invoice.paid", "evt-1", ("eu",), None, b'{"a":1}')
PAID_ID = format_id(MESSAGE, PAID.id)
ATTEMPT_1 = Attempt(
    id=b"\x01" * 16,
    message_id=PAID.id,
    endpoint_id=ENDPOINT_ID,
    event_type="invoice.paid",
    url="https://example.com/hook",
    number=1,
    status=AttemptStatus.FAIL,
    trigger=AttemptTrigger.SCHEDULED,
    response_status=500,
    response="oops",
    duration_ms=12,
    ended_at=MADE_AT,
)
ONE = f"/api/v1/app/acme/msg/evt-1/attempt/{format_id(ATTEMPT, ATTEMPT_1.id)}"
NEWEST_FIRST = Page(descending=True)


@pytest.fixture
def world(world: World) -> World:
    world.copy.states[APPLICATION_ID] = STATE
    world.journal.messages[APPLICATION_ID] = [PAID]
    world.dispatcher.answers[GetEndpoint] = endpoint_saved()
    found = Attempts(items=(ATTEMPT_1,), done=True, iterator="it_1", prev_iterator="-it_1")
    world.worker.answers[ListAttemptsByMessage] = found
    world.worker.answers[ListAttemptsByEndpoint] = found
    world.worker.answers[GetAttempt] = AttemptFound(ATTEMPT_1)
    return world


async def test_attempts_of_a_message_have_all_members_of_the_sdk(world: World) -> None:
    answer = await world.client.get("/api/v1/app/acme/attempt/msg/evt-1/")
    assert answer.status_code == 200
    assert answer.json() == {
        "data": [
            {
                "id": format_id(ATTEMPT, ATTEMPT_1.id),
                "msgId": PAID_ID,
                "endpointId": format_id(ENDPOINT, ENDPOINT_ID),
                "url": "https://example.com/hook",
                "response": "oops",
                "responseStatusCode": 500,
                "responseDurationMs": 12,
                "status": 2,
                "statusText": "fail",
                "triggerType": 0,
                "timestamp": "2030-01-02T03:04:05.678901Z",
                "msg": None,
                "attemptNumber": 1,
            }
        ],
        "iterator": "it_1",
        "prevIterator": "-it_1",
        "done": True,
    }
    assert world.worker.asked == [ListAttemptsByMessage(PAID.id, NEWEST_FIRST)]


async def test_a_failed_attempt_tells_why_and_where_its_time_went(world: World) -> None:
    timings = Timings(dns_ms=1.5, connect_ms=2.0, tls_ms=0.0, first_byte_ms=0.0, total_ms=15_000.0)
    failed = replace(
        ATTEMPT_1,
        response_status=0,
        response="It took too long.",
        failure="It took too long.",
        failure_reason="response_timed_out",
        timings=timings,
    )
    world.worker.answers[GetAttempt] = AttemptFound(failed)
    path = f"/api/v1/app/acme/msg/evt-1/attempt/{format_id(ATTEMPT, failed.id)}"
    members = (await world.client.get(path)).json()
    assert (members["response"], members["responseStatusCode"]) == ("It took too long.", 0)
    assert members["failure"] == "It took too long."
    assert members["failureReason"] == "response_timed_out"
    assert members["timings"] == {
        "dns": 1.5, "connect": 2.0, "tls": 0.0, "firstByte": 0.0, "body": 0.0,
        "total": 15_000.0,
    }  # fmt: skip


async def test_an_attempt_tells_its_number_its_successor_and_its_status_line(world: World) -> None:
    told = replace(
        ATTEMPT_1,
        number=3,
        next_attempt_at=datetime(2030, 1, 2, 4, tzinfo=UTC),
        http_version="1.1",
        reason_phrase="Bad Gateway",
        timings=Timings(dns_ms=0, connect_ms=0, tls_ms=0, first_byte_ms=2.499, total_ms=2.535),
    )
    world.worker.answers[GetAttempt] = AttemptFound(told)
    members = (await world.client.get(ONE)).json()
    assert members["attemptNumber"] == 3
    assert members["nextAttempt"] == "2030-01-02T04:00:00Z"
    assert (members["httpVersion"], members["responseStatusText"]) == ("1.1", "Bad Gateway")
    assert members["timings"]["body"] == 0.036


async def test_a_failed_attempt_is_explained(world: World) -> None:
    explanation = Explanation(
        "redirect_not_followed",
        "It answered 301.",
        "Register this URL instead: https://example.com/b",
        "customer",
        (Evidence("Target", "https://example.com/b"),),
    )
    failed = replace(ATTEMPT_1, explanation=explanation)
    world.worker.answers[GetAttempt] = AttemptFound(failed)
    world.worker.answers[ListAttemptsByMessage] = Attempts(items=(failed,), done=True)
    expected = {
        "code": "redirect_not_followed",
        "cause": "It answered 301.",
        "remedy": "Register this URL instead: https://example.com/b",
        "remedyBy": "customer",
        "evidence": [{"name": "Target", "value": "https://example.com/b"}],
        "documentation": "reference/failures/redirect_not_followed",
    }
    assert (await world.client.get(ONE)).json()["explanation"] == expected
    (listed,) = (await world.client.get("/api/v1/app/acme/attempt/msg/evt-1")).json()["data"]
    assert listed["explanation"] == expected


async def test_the_headers_of_an_attempt_have_the_members_of_svix_and_ours(world: World) -> None:
    world.worker.answers[GetAttemptHeaders] = AttemptHeadersFound(
        headers=AttemptHeaders(
            url="https://example.com/hook",
            method="POST",
            http_version="1.1",
            sent=(Header("Host", "example.com"), Header("a", "1"), Header("a", "2")),
            withheld=("X-Api-Key",),
            response_status=502,
            response_http_version="1.0",
            reason_phrase="Bad Gateway",
            received=(Header("server", "nginx"), Header("via", "a"), Header("via", "b")),
        )
    )
    answer = await world.client.get(f"{ONE}/headers/")
    assert answer.json() == {
        "url": "https://example.com/hook",
        "method": "POST",
        "httpVersion": "1.1",
        "sentHeaders": {"Host": "example.com", "a": "1, 2"},
        "sensitive": ["X-Api-Key"],
        "responseStatusCode": 502,
        "responseStatusText": "Bad Gateway",
        "responseHttpVersion": "1.0",
        "responseHeaders": [["server", "nginx"], ["via", "a"], ["via", "b"]],
        "truncated": False,
        "stored": True,
    }
    assert world.worker.asked == [GetAttemptHeaders(PAID.id, ATTEMPT_1.id)]


async def test_headers_that_are_not_stored_are_said_to_be_so(world: World) -> None:
    world.worker.answers[GetAttemptHeaders] = AttemptHeadersFound(
        headers=AttemptHeaders(url="https://example.com/hook", recorded=False)
    )
    members = (await world.client.get(f"{ONE}/headers")).json()
    assert (members["stored"], members["sentHeaders"], members["sensitive"]) == (False, {}, [])
    assert (members["method"], members["responseHeaders"]) == (None, None)


async def test_headers_of_what_is_no_attempt_are_not_found(world: World) -> None:
    answer = await world.client.get("/api/v1/app/acme/msg/evt-1/attempt/atmpt_no/headers")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert world.worker.asked == []


async def test_filters_of_a_messages_attempts_go_to_who_knows_them(world: World) -> None:
    path = f"/api/v1/app/acme/attempt/msg/{PAID_ID}"
    params = {
        "status": "2",
        "status_code_class": "500",
        "before": "2030-01-01T00:00:00Z",
        "with_content": "false",
        "endpoint_id": "orders",
        "channel": "eu",
        "event_types": "invoice.paid",
        "limit": "5",
        "iterator": "it_0",
    }
    assert (await world.client.get(path, params=params)).status_code == 200
    assert world.dispatcher.asked == [GetEndpoint(STATE.tenant_id, "acme", "orders")]
    assert world.worker.asked == [
        ListAttemptsByMessage(
            PAID.id,
            Page(limit=5, iterator="it_0", descending=True),
            AttemptFilter(
                status=AttemptStatus.FAIL,
                status_class=500,
                before=datetime(2030, 1, 1, tzinfo=UTC),
                with_content=False,
            ),
            endpoint_id=ENDPOINT_ID,
        )
    ]
    for other in ({"channel": "us"}, {"event_types": "x"}, {"tag": "vip"}):
        answer = await world.client.get(path, params=other)
        assert answer.json()["data"] == []
    assert len(world.worker.asked) == 1


async def test_attempts_of_an_endpoint_come_with_its_messages_when_asked(world: World) -> None:
    path = "/api/v1/app/acme/attempt/endpoint/orders"
    answer = await world.client.get(f"{path}?with_msg=true&channel=eu&event_types=invoice.paid")
    assert answer.status_code == 200
    message = answer.json()["data"][0]["msg"]
    assert (message["id"], message["payload"]) == (PAID_ID, {"a": 1})
    bare = (await world.client.get(f"{path}?with_msg=true&with_content=false")).json()
    assert bare["data"][0]["msg"] == message | {"payload": {}}
    without = (await world.client.get(path)).json()
    assert without["data"][0]["msg"] is None
    del world.worker.asked[1:]
    assert world.worker.asked == [
        ListAttemptsByEndpoint(
            ENDPOINT_ID,
            NEWEST_FIRST,
            AttemptFilter(channel="eu", event_types=("invoice.paid",)),
        )
    ]


async def test_one_attempt_is_found_by_its_message_and_id(world: World) -> None:
    attempt_id = format_id(ATTEMPT, ATTEMPT_1.id)
    answer = await world.client.get(f"/api/v1/app/acme/msg/evt-1/attempt/{attempt_id}")
    assert (answer.status_code, answer.json()["id"]) == (200, attempt_id)
    assert world.worker.asked == [GetAttempt(PAID.id, ATTEMPT_1.id)]


async def test_what_is_not_the_tenants_own_is_404_before_the_worker_is_asked(
    world: World,
) -> None:
    world.dispatcher.answers[GetEndpoint] = Problem(ProblemCode.NOT_FOUND, "no such endpoint")
    for path in (
        "attempt/msg/evt-2",
        "attempt/endpoint/foreign",
        "attempt/msg/evt-1?endpoint_id=foreign",
        "msg/evt-2/attempt/atmpt_0000000000000000000000",
        "msg/evt-1/attempt/nonsense",
    ):
        answer = await world.client.get(f"/api/v1/app/acme/{path}")
        assert answer.status_code == 404, path
        assert answer.json()["code"] == "not_found"
    assert world.worker.asked == []


async def test_a_worker_that_does_not_answer_is_503(world: World) -> None:
    world.worker.answers[ListAttemptsByMessage] = Problem(
        ProblemCode.UNAVAILABLE, "The service that answers this is not reachable. Try again."
    )
    answer = await world.client.get("/api/v1/app/acme/attempt/msg/evt-1")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("status=9", "status"),
        ("status=success", "status"),
        ("status_code_class=201", "status_code_class"),
        ("status_code_class=600", "status_code_class"),
        ("tag=vip", "tag"),
    ],
)
async def test_a_bad_filter_is_422_and_named(world: World, query: str, name: str) -> None:
    answer = await world.client.get(f"/api/v1/app/acme/attempt/endpoint/orders?{query}")
    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["detail"]] == [["query", name]]
    assert world.worker.asked == []
