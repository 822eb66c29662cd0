"""deliverAt over HTTP: accepted as every message is, and in no batch before its time."""

from datetime import UTC, datetime, timedelta

import pytest

from .bad_bodies import GOOD
from .conftest import Door


def ahead(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


async def test_a_message_for_later_is_committed_and_not_published(any_door: Door) -> None:
    async with any_door.client() as client:
        posted = GOOD | {"deliverAt": ahead(hours=1), "eventId": "e"}
        answer = await client.post(any_door.path, json=posted, headers={"idempotency-key": "k"})
        assert answer.status_code == 202
        body = answer.json()
        assert datetime.fromisoformat(body["deliverAt"]) == datetime.fromisoformat(
            str(posted["deliverAt"])
        )
        assert "canceledAt" not in body
        assert await any_door.counts() == (1, 0, 1, 1)
        assert (await client.get(f"{any_door.path}/e")).json() == body
        assert (await client.get(any_door.path)).json()["data"] == [body]
    assert any_door.published == []


async def test_a_repeat_is_answered_with_the_same_bytes(any_door: Door) -> None:
    async with any_door.client() as client:
        client.headers["idempotency-key"] = "k"
        posted = GOOD | {"deliverAt": ahead(days=29)}
        first = await client.post(any_door.path, json=posted)
        again = await client.post(any_door.path, json=posted)
        assert (again.status_code, again.content) == (202, first.content)
        other = await client.post(any_door.path, json=posted | {"deliverAt": ahead(days=28)})
        assert other.status_code == 422
    assert await any_door.counts() == (1, 0, 0, 1)


async def test_an_event_id_that_is_taken_is_a_conflict(any_door: Door) -> None:
    async with any_door.client() as client:
        posted = GOOD | {"eventId": "e"}
        later = posted | {"deliverAt": ahead(hours=1)}
        statuses = [
            (await client.post(any_door.path, json=one)).status_code
            for one in (later, posted, later)
        ]
    assert statuses == [202, 409, 409]
    assert await any_door.counts() == (1, 0, 1, 0)


@pytest.mark.parametrize("deliver_at", ["2020-01-01T00:00:00Z", "1000-01-01T00:00:00+02:00"])
async def test_a_time_that_has_passed_means_at_once(door: Door, deliver_at: str) -> None:
    async with door.client() as client:
        answer = await client.post(door.path, json=GOOD | {"deliverAt": deliver_at})
    assert answer.status_code == 202
    assert "deliverAt" not in answer.json()
    assert await door.counts() == (1, 1, 0, 0)


@pytest.mark.parametrize(
    "deliver_at", ["2030-01-02T03:04:05", "soon", 5, "9999-12-31T23:59:59Z", "2031-02-29T00:00:00Z"]
)
async def test_other_times_are_refused_without_a_trace(door: Door, deliver_at: object) -> None:
    async with door.client() as client:
        answer = await client.post(door.path, json=GOOD | {"deliverAt": deliver_at})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "deliverAt"]
    assert await door.counts() == (0, 0, 0, 0)
