"""Time series and attempt statistics through the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from angarium_contracts.configuration import (
    Applications,
    Endpoints,
    GetApplication,
    GetEndpoint,
    ListApplications,
    ListEndpoints,
)
from angarium_contracts.ids import APPLICATION, ENDPOINT, format_id, operational_application_id
from angarium_contracts.queries import Problem, ProblemCode
from angarium_contracts.statistics import (
    DeliveryPoint,
    DeliverySeries,
    DeliverySum,
    DeliverySums,
    GetDeliverySeries,
    SumDeliveries,
)
from angarium_gateway.application.read.statistics import AcceptedCount, AcceptedSeries, GroupBy
from msgspec.structs import replace

from .conftest import APPLICATION as APPLICATION_OF_TENANT
from .conftest import (
    APPLICATION_ID,
    ENDPOINT_ID,
    MADE_AT,
    STATE,
    TENANT,
    World,
    application_saved,
    endpoint_saved,
)
from .conftest import ENDPOINT as OF_ENDPOINT

HOUR = MADE_AT.replace(minute=0, second=0, microsecond=0)
COMPLETE, BEGAN = MADE_AT - timedelta(seconds=3), MADE_AT - timedelta(days=3)
NUMBERS = (9, 7, 4, 1, 2, 3)
APP = "/api/v1/app/acme"


@pytest.fixture(autouse=True)
def answers(world: World) -> None:
    world.dispatcher.answers |= {
        GetApplication: application_saved(),
        GetEndpoint: endpoint_saved(),
    }
    world.worker.answers |= {
        GetDeliverySeries: DeliverySeries((), COMPLETE, BEGAN),
        SumDeliveries: DeliverySums((DeliverySum(APPLICATION_ID, NUMBERS),)),
    }


async def get(world: World, path: str, status: int = 200, **query: str) -> Any:
    answer = await world.client.get(path, params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


async def work(world: World) -> bool:
    """Let the gateway take one turn at its tasks."""
    return await world.gateway.redelivery.runner.work_one_turn()


async def test_a_series_has_what_the_gateway_and_the_worker_counted(world: World) -> None:
    made = DeliveryPoint(HOUR, NUMBERS, None, None, (1.0, 2.0, 3.5), None)
    world.worker.answers[GetDeliverySeries] = DeliverySeries((made,), COMPLETE, BEGAN)
    earlier = AcceptedCount(HOUR - timedelta(hours=1), None, 5)
    world.accepted.given = AcceptedSeries([AcceptedCount(HOUR, None, 8), earlier], MADE_AT, MADE_AT)
    series = await get(world, "/api/v1/stats/series")
    assert [point["accepted"] for point in series["data"]] == [5, 8]
    assert series["data"][1] == {
        "startsAt": HOUR.isoformat().replace("+00:00", "Z"),
        "group": None,
        "accepted": 8,
        "firstAttempts": 9,
        "delivered": 7,
        "failed": 4,
        "exhausted": 1,
        "retried": 2,
        "canceled": 3,
        "attemptDurationMs": {"p50": 1.0, "p95": 2.0, "p99": 3.5},
        "deliveryLatencyMs": None,
    }
    assert datetime.fromisoformat(series["completeUntil"]) == COMPLETE
    assert datetime.fromisoformat(series["countedSince"]) == MADE_AT
    (asked,) = world.worker.asked
    assert isinstance(asked, GetDeliverySeries)
    assert (asked.since, asked.until) == (HOUR - timedelta(hours=23), MADE_AT)
    assert asked.without_application_id == operational_application_id(TENANT)


async def test_a_series_of_an_endpoint_counts_no_messages(world: World) -> None:
    made = DeliveryPoint(HOUR, NUMBERS, ENDPOINT_ID)
    world.worker.answers[GetDeliverySeries] = DeliverySeries((made,), COMPLETE, BEGAN)
    series = await get(world, f"{APP}/stats/series", group_by="endpoint", endpoint_id="orders")
    (point,) = series["data"]
    assert (point["group"], point["accepted"]) == (format_id(ENDPOINT, ENDPOINT_ID), None)
    (asked,) = world.worker.asked
    assert isinstance(asked, GetDeliverySeries)
    assert (asked.application_id, asked.endpoint_id) == (APPLICATION_ID, ENDPOINT_ID)
    assert asked.without_application_id is None


async def test_groups_of_both_services_meet(world: World) -> None:
    made = DeliveryPoint(HOUR, NUMBERS, APPLICATION_ID)
    world.worker.answers[GetDeliverySeries] = DeliverySeries((made,), COMPLETE, BEGAN)
    counted = [AcceptedCount(HOUR, APPLICATION_ID, 8), AcceptedCount(HOUR, b"z" * 16, 1)]
    world.accepted.given = AcceptedSeries(counted, MADE_AT, BEGAN)
    series = await get(world, "/api/v1/stats/series", group_by="application")
    groups = [(point["group"], point["accepted"], point["delivered"]) for point in series["data"]]
    assert groups == [
        (format_id(APPLICATION, APPLICATION_ID), 8, 7),
        (format_id(APPLICATION, b"z" * 16), 1, 0),
    ]
    assert world.accepted.asked[0].group_by is GroupBy.APPLICATION


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"resolution": "minute", "since": "2030-01-01T00:00:00Z"}, "1,500"),
        ({"since": "2031-01-01T00:00:00Z"}, "before"),
        ({"endpoint_id": "orders"}, "app_id"),
    ],
)
async def test_a_series_out_of_bounds_is_refused(
    world: World, query: dict[str, str], word: str
) -> None:
    assert word in str(await get(world, "/api/v1/stats/series", 422, **query))


async def test_too_many_groups_are_refused(world: World) -> None:
    world.accepted.given = None
    assert "fewer groups" in str(await get(world, "/api/v1/stats/series", 422))


async def test_the_worker_may_be_away(world: World) -> None:
    world.worker.answers[GetDeliverySeries] = Problem(
        code=ProblemCode.UNAVAILABLE, detail="No worker answers."
    )
    await get(world, f"{APP}/stats/series", 503)


async def test_attempt_statistics_are_of_whole_hours(world: World) -> None:
    path = f"{APP}/endpoint/orders/attempt-stats"
    stats = await get(world, path, since="2030-01-02T01:30:00Z")
    assert stats == {"success": 7, "fail": 4, "canceled": 3}
    (asked,) = world.worker.asked
    assert isinstance(asked, SumDeliveries)
    assert (asked.resolution, asked.since) == (1, datetime(2030, 1, 2, 1, tzinfo=UTC))
    assert (asked.application_ids, asked.endpoint_id) == ((APPLICATION_ID,), ENDPOINT_ID)


async def test_attempt_statistics_of_long_ago_are_of_whole_days(world: World) -> None:
    world.worker.answers[SumDeliveries] = DeliverySums(())
    path = f"{APP}/endpoint/orders/attempt-stats"
    stats = await get(world, path, since="2029-01-02T01:30:00Z")
    assert stats == {"success": 0, "fail": 0, "canceled": 0}
    (asked,) = world.worker.asked
    assert isinstance(asked, SumDeliveries)
    assert (asked.resolution, asked.since) == (2, datetime(2029, 1, 2, tzinfo=UTC))


async def test_usage_of_applications_is_counted_by_a_task(world: World) -> None:
    body = {
        "since": "2030-01-01T00:30:00Z",
        "until": "2030-01-02T00:00:00Z",
        "appIds": ["acme", "nobody"],
    }
    world.copy.states[APPLICATION_ID] = STATE
    world.dispatcher.answers[GetApplication] = Problem(
        code=ProblemCode.NOT_FOUND, detail="There is none."
    )
    answer = await world.client.post("/api/v1/stats/usage/app", json=body)
    assert answer.status_code == 202, answer.text
    task = answer.json()
    assert (task["task"], task["status"]) == ("application.stats", "running")
    assert task["unresolvedAppIds"] == ["nobody"]
    assert await work(world)
    data = (await get(world, f"/api/v1/background-task/{task['id']}"))["data"]
    assert data["appStats"] == [
        {
            "appId": format_id(APPLICATION, APPLICATION_ID),
            "appUid": "acme",
            "messageDestinations": 9,
        }
    ]
    (asked,) = world.worker.asked
    assert isinstance(asked, SumDeliveries)
    assert asked.application_ids == (APPLICATION_ID,)


async def test_usage_of_no_application_is_refused(world: World) -> None:
    world.dispatcher.answers[GetApplication] = Problem(
        code=ProblemCode.NOT_FOUND, detail="There is none."
    )
    body = {"since": "2030-01-01T00:00:00Z", "until": "2030-01-02T00:00:00Z", "appIds": ["nobody"]}
    answer = await world.client.post("/api/v1/stats/usage/app", json=body)
    assert answer.status_code == 422
    body |= {"since": "2030-01-03T00:00:00Z"}
    answer = await world.client.post("/api/v1/stats/usage/app", json=body)
    assert "before" in answer.text


async def test_event_types_are_collected_by_a_task(world: World) -> None:
    world.dispatcher.answers |= {
        ListApplications: Applications((APPLICATION_OF_TENANT,), done=True),
        ListEndpoints: Endpoints((OF_ENDPOINT, replace(OF_ENDPOINT, event_types=None)), done=True),
    }
    answer = await world.client.put("/api/v1/stats/usage/event-types")
    assert answer.status_code == 202, answer.text
    task = answer.json()
    assert task["task"] == "event-type.aggregate"
    assert await work(world)
    data = (await get(world, f"/api/v1/background-task/{task['id']}"))["data"]
    assert data["event_types"] == [
        {
            "appId": format_id(APPLICATION, APPLICATION_ID),
            "explicitlySubscribedEventTypes": ["invoice.paid"],
            "hasCatchAllEndpoint": True,
        }
    ]
