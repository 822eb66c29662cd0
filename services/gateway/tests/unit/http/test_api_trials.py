"""Trials of URLs and schemas, and sparklines of endpoints."""

from datetime import timedelta
from typing import Any

import pytest
from angarium_contracts.ids import ENDPOINT, format_id
from angarium_contracts.queries import Problem, ProblemCode
from angarium_contracts.statistics import CountByEndpoint, EndpointHour, EndpointHours
from angarium_contracts.url_checks import CheckedAddress, CheckUrl, UrlChecked
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.tenants.portal_tokens import PortalGrant
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import Capability

from .conftest import APPLICATION_ID, ENDPOINT_ID, MADE_AT, STATE, TENANT, World

URL_CHECK = "/api/v1/app/acme/endpoint-url/check"
SCHEMA_TEST = "/api/v1/event-type-schema/test"
SPARKLINES = "/api/v1/app/acme/stats/endpoints"
PRIVATE = UrlChecked(
    accepted=False,
    conclusion="Webhooks cannot be delivered. 10.0.0.7 is private: allow it with ANGARIUM_….",
    canonical="https://db.internal/",
    addresses=(CheckedAddress("10.0.0.7", allowed=False, rule="10.0.0.0/8, private"),),
)


@pytest.fixture(autouse=True)
def application(world: World) -> None:
    world.copy.states[APPLICATION_ID] = STATE


def portal(world: World) -> dict[str, str]:
    grant = PortalGrant(frozenset(Capability))
    world.portal_tokens.callers[token_hash("ang_pt_1")] = Caller(
        TENANT, b"p" * 16, grant, APPLICATION_ID
    )
    return {"authorization": "Bearer ang_pt_1"}


async def test_a_url_is_checked_in_the_words_of_the_worker(world: World) -> None:
    world.worker.answers[CheckUrl] = PRIVATE
    answer = await world.client.post(URL_CHECK, json={"url": "https://db.internal"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "accepted": False,
        "url": "https://db.internal/",
        "conclusion": PRIVATE.conclusion,
        "addresses": [{"address": "10.0.0.7", "allowed": False, "rule": "10.0.0.0/8, private"}],
    }
    assert world.worker.asked == [CheckUrl("https://db.internal")]
    assert world.audit_log.entries == []


async def test_a_customer_does_not_learn_what_internal_names_resolve_to(world: World) -> None:
    world.worker.answers[CheckUrl] = PRIVATE
    answer = await world.client.post(URL_CHECK, json={"url": "https://a"}, headers=portal(world))
    assert answer.json()["addresses"] == []
    assert "10.0.0.7" not in answer.text
    assert "ANGARIUM_" not in answer.text
    # What is wrong with the text of the URL is the customer's to correct.
    world.worker.answers[CheckUrl] = UrlChecked(accepted=False, conclusion="Use https.")
    answer = await world.client.post(URL_CHECK, json={"url": "x"}, headers=portal(world))
    assert answer.json()["conclusion"] == "Use https."


async def test_a_worker_that_does_not_answer_is_unavailable(world: World) -> None:
    world.worker.answers[CheckUrl] = Problem(ProblemCode.UNAVAILABLE, "Try again.")
    answer = await world.client.post(URL_CHECK, json={"url": "https://example.com"})
    assert answer.status_code == 503
    assert (await world.client.post(URL_CHECK, json={"url": ""})).status_code == 422
    assert (
        await world.client.post("/api/v1/app/no/endpoint-url/check", json={"url": "a"})
    ).is_error


@pytest.mark.parametrize(
    ("schema", "example", "faults"),
    [
        ({"type": "object"}, {"a": 1}, []),
        ({"properties": {"amount": {"type": "integer"}}}, {"amount": 1}, []),
        ({"properties": {"amount": {"type": "integer"}}}, {"amount": "1"}, [["example", "amount"]]),
        ({"required": ["a"]}, {}, [["example"]]),
        ({"type": "string"}, 5, [["example"]]),
        ({}, None, []),
    ],
)
async def test_an_example_is_checked_against_a_schema(
    world: World, schema: Any, example: Any, faults: list[list[str]]
) -> None:
    body = {"schema": schema, "example": example}
    answer = await world.client.post(SCHEMA_TEST, json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["valid"] == (not faults)
    assert [each["loc"] for each in found["faults"]] == faults


@pytest.mark.parametrize("schema", [{"type": "nothing"}, {"$ref": "#/definitions/x"}])
async def test_a_schema_that_cannot_be_used_is_refused(world: World, schema: Any) -> None:
    answer = await world.client.post(SCHEMA_TEST, json={"schema": schema, "example": 1})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "schema"]


async def test_sparklines_have_24_hours_for_every_endpoint(world: World) -> None:
    hour = MADE_AT.replace(minute=0, second=0, microsecond=0)
    hours = EndpointHours((EndpointHour(ENDPOINT_ID, hour - timedelta(hours=1), 7, 2),))
    world.worker.answers[CountByEndpoint] = hours
    first, other = (format_id(ENDPOINT, each) for each in (ENDPOINT_ID, b"z" * 16))

    answer = await world.client.get(
        SPARKLINES, params={"endpoint_id": [other, first, other]}, headers=portal(world)
    )

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [each["endpointId"] for each in found["data"]] == [other, first]
    assert found["data"][0] == {"endpointId": other, "success": [0] * 24, "fail": [0] * 24}
    assert found["data"][1]["success"] == [0] * 22 + [7, 0]
    assert found["data"][1]["fail"] == [0] * 22 + [2, 0]
    (asked,) = world.worker.asked
    assert isinstance(asked, CountByEndpoint)
    assert (asked.tenant_id, asked.application_id) == (TENANT, APPLICATION_ID)
    assert asked.until - asked.since == timedelta(hours=24)


@pytest.mark.parametrize("ids", [["orders"], ["ep_x"], ["ep_05jHR6TnRzUGhKWN8Ckr5D"] * 101])
async def test_endpoints_are_named_by_id_and_bounded(world: World, ids: list[str]) -> None:
    answer = await world.client.get(SPARKLINES, params={"endpoint_id": ids})
    assert answer.status_code == 422
