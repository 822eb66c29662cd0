"""Streams of events."""

import dataclasses
import json
from typing import Any

import pytest
from angarium_contracts.attempts import (
    Attempt,
    Attempts,
    AttemptStatus,
    AttemptTrigger,
    Explanation,
    FollowAttempts,
)
from angarium_contracts.directory import DirectoryPage, DirectorySince, EndpointState
from angarium_contracts.ids import APPLICATION, ATTEMPT, ENDPOINT, MESSAGE, format_id, lowest_id_at
from angarium_gateway.application.feed.event_feed import NEWEST_VERSION
from angarium_gateway.application.feed.feed_events import AcceptedMessage
from angarium_gateway.application.feed.listeners import ListenerLimits
from angarium_gateway.application.read.messages import Message
from angarium_gateway.application.tenants.authentication import Caller, LoginFailure
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import KeyScope
from msgspec.structs import replace

from .conftest import (
    APPLICATION_ID,
    ENDPOINT_ID,
    LIMITS,
    MADE_AT,
    STATE,
    TENANT,
    TOKEN,
    World,
    a_world,
    serving,
)

NOW_MS = int(MADE_AT.timestamp() * 1000)
STREAM = "/api/v1/app/acme/events"


def _message(number: int) -> AcceptedMessage:
    message_id = lowest_id_at(NOW_MS + number)
    return AcceptedMessage(
        APPLICATION_ID, Message(message_id, "invoice.paid", None, None, None, None)
    )


def _attempt(number: int, **members: Any) -> Attempt:
    made = Attempt(
        id=lowest_id_at(NOW_MS + number),
        message_id=lowest_id_at(NOW_MS),
        endpoint_id=ENDPOINT_ID,
        event_type="invoice.paid",
        url="https://example.com/hook",
        number=1,
        status=AttemptStatus.SUCCESS,
        trigger=AttemptTrigger.SCHEDULED,
        response_status=204,
        response="",
        duration_ms=12,
        ended_at=MADE_AT,
        application_id=APPLICATION_ID,
    )
    return replace(made, **members)


def _events(text: str) -> list[dict[str, Any]]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if "data" in fields:
            data = json.loads(fields["data"])
            found.append({"id": fields["id"], "event": fields["event"], "data": data})
    return found


class Happenings:
    """Answers the queries of a feed, and stops the gateway after so many rounds."""

    def __init__(self, world: World, rounds: int = 2) -> None:
        self._world, self._rounds = world, rounds
        self.attempts: list[Attempt] = []
        self.endpoints: list[EndpointState] = []
        self.version = 5
        world.copy.states[APPLICATION_ID] = STATE
        world.worker.answers[FollowAttempts] = self._follow
        world.dispatcher.answers[DirectorySince] = self._since

    def _follow(self, question: FollowAttempts) -> Attempts:
        found = [each for each in self.attempts if each.id > question.after]
        return Attempts(items=tuple(found), done=True)

    def _since(self, question: DirectorySince) -> DirectoryPage:
        self._rounds -= 1
        if self._rounds == 0:
            self._world.is_stopping = True
        if question.version == NEWEST_VERSION:
            return DirectoryPage(version=self.version, done=True)
        found = [each for each in self.endpoints if each.version > question.version]
        versions = [each.version for each in found]
        return DirectoryPage(
            version=max([self.version, *versions]), done=True, endpoints=tuple(found)
        )


@pytest.fixture
def happenings(world: World) -> Happenings:
    return Happenings(world)


async def _stream(world: World, path: str = STREAM, **headers: str) -> list[dict[str, Any]]:
    answer = await world.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return _events(answer.text)


async def test_what_happens_comes_in_the_order_of_time(
    world: World, happenings: Happenings
) -> None:
    world.followed.accepted = [_message(1), _message(30)]
    failed = _attempt(20, status=AttemptStatus.FAIL, response_status=500, failure_reason="rejected")
    happenings.attempts = [_attempt(10), failed]
    happenings._rounds = 3
    events = await _stream(world)
    assert [event["event"] for event in events] == [
        "message.accepted",
        "attempt.succeeded",
        "attempt.failed",
        "message.exhausted",
        "message.accepted",
    ]
    accepted, succeeded = events[0]["data"], events[1]["data"]
    assert accepted["id"] == format_id(MESSAGE, _message(1).message.id)
    assert accepted["appId"] == format_id(APPLICATION, APPLICATION_ID)
    assert succeeded["id"] == format_id(ATTEMPT, lowest_id_at(NOW_MS + 10))
    assert succeeded["endpointId"] == format_id(ENDPOINT, ENDPOINT_ID)
    assert (succeeded["responseStatusCode"], succeeded["nextAttempt"]) == (204, None)


async def test_a_failed_attempt_is_streamed_with_its_explanation(
    world: World, happenings: Happenings
) -> None:
    explanation = Explanation("server_error", "It failed.", "Repair it.", "customer")
    failed = _attempt(10, status=AttemptStatus.FAIL)
    happenings.attempts = [_attempt(5), replace(failed, explanation=explanation)]
    happenings._rounds = 3
    succeeded, told, *_ = await _stream(world)
    assert "explanation" not in succeeded["data"]
    assert told["data"]["explanation"]["code"] == "server_error"
    assert told["data"]["explanation"]["documentation"] == "reference/failures/server_error"


async def test_only_the_last_event_of_a_page_moves_the_position(
    world: World, happenings: Happenings
) -> None:
    world.followed.accepted = [_message(1), _message(2)]
    happenings._rounds = 3
    first, last = await _stream(world)
    assert first["id"] != last["id"]
    assert last["id"].split("-")[0] == str(NOW_MS + 2)


async def test_a_listener_goes_on_after_the_last_event_id(
    world: World, happenings: Happenings
) -> None:
    world.followed.accepted = [_message(1)]
    happenings._rounds = 3
    (seen,) = await _stream(world)
    world.is_stopping, happenings._rounds = False, 2
    world.followed.accepted.append(_message(60_000))
    happenings.endpoints = [
        EndpointState(
            id=ENDPOINT_ID,
            tenant_id=TENANT,
            application_id=APPLICATION_ID,
            version=6,
            disabled=True,
        ),
        EndpointState(id=b"x" * 16, tenant_id=b"o" * 16, application_id=b"y" * 16, version=7),
    ]
    again = await _stream(world, **{"last-event-id": seen["id"]})
    assert [event["event"] for event in again] == [
        "endpoint.disabled",
        "message.accepted",  # of the last seconds before: it may come again
        "message.accepted",
    ]
    assert again[1]["data"] == seen["data"]


async def test_types_and_endpoints_choose_what_is_read(
    world: World, happenings: Happenings
) -> None:
    world.followed.accepted = [_message(1)]
    happenings.attempts = [_attempt(10), _attempt(20, status=AttemptStatus.FAIL)]
    happenings._rounds = 3
    wanted = "?types=attempt.failed,endpoint.changed&endpoint_id=" + format_id(
        ENDPOINT, ENDPOINT_ID
    )
    events = await _stream(world, STREAM + wanted)
    assert [event["event"] for event in events] == ["attempt.failed"]
    assert world.followed.asked == []
    asked = [each for each in world.worker.asked if isinstance(each, FollowAttempts)]
    assert asked[0].endpoint_id == ENDPOINT_ID


async def test_a_revoked_token_ends_the_stream(world: World, happenings: Happenings) -> None:
    happenings._rounds = 1_000
    world.followed.accepted = [_message(1)]

    def revoke(question: FollowAttempts) -> Attempts:
        digest = token_hash(TOKEN)
        world.api_keys.callers.pop(digest, None)
        world.api_keys.failures[digest] = LoginFailure.REVOKED
        return Attempts(items=(), done=True)

    world.worker.answers[FollowAttempts] = revoke
    assert await _stream(world) == []


@pytest.mark.parametrize(
    ("limits", "status"),
    [(ListenerLimits(per_tenant_max=0), 429), (ListenerLimits(all_max=0), 503)],
)
async def test_too_many_listeners_are_refused(limits: ListenerLimits, status: int) -> None:
    world, ports = a_world()
    world.copy.states[APPLICATION_ID] = STATE
    async with serving(world, ports, dataclasses.replace(LIMITS, listeners=limits)):
        answer = await world.client.get(STREAM)
    assert answer.status_code == status
    assert answer.json()["code"] == "too_many_streams"
    assert int(answer.headers["retry-after"]) > 0


async def test_head_does_not_wait_for_the_end_of_the_stream(world: World) -> None:
    world.copy.states[APPLICATION_ID] = STATE
    answer = await world.client.head(STREAM)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("query", "header"),
    [("?types=nothing", None), ("?endpoint_id=orders", None), ("?since=now", None), ("", "x")],
)
async def test_what_cannot_be_understood_is_refused(
    world: World, query: str, header: str | None
) -> None:
    world.copy.states[APPLICATION_ID] = STATE
    headers = {} if header is None else {"last-event-id": header}
    answer = await world.client.get(STREAM + query, headers=headers)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("scope", "application", "tenant"),
    [(KeyScope.PUBLISH, 403, 403), (KeyScope.APPLICATION, 200, 403), (KeyScope.READ, 200, 200)],
)
async def test_who_may_listen(
    world: World, happenings: Happenings, scope: KeyScope, application: int, tenant: int
) -> None:
    world.is_stopping = True
    bound = APPLICATION_ID if scope is KeyScope.APPLICATION else None
    world.api_keys.callers[token_hash(TOKEN)] = Caller(TENANT, b"k" * 16, scope, bound)
    assert (await world.client.get(STREAM)).status_code == application
    assert (await world.client.get("/api/v1/events")).status_code == tenant
