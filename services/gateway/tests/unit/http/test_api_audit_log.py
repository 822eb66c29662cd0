"""Reading the audit log: its pages, its filter, and who may see what."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from angarium_contracts.ids import API_KEY, AUDIT_ENTRY, format_id
from angarium_gateway.application.tenants.audit_log import AuditEntry

from .audit_model import audit_id
from .conftest import MADE_AT, OTHER_TENANT, OTHER_TOKEN, TENANT, TOKEN, World

AUDIT_LOG = "/api/v1/audit-log"


def an_entry(number: int, **more: Any) -> AuditEntry:
    members: dict[str, Any] = {
        "tenant_id": TENANT,
        "key_id": b"k" * 16,
        "operation": "v1.endpoint.update",
        "method": "PUT",
        "path": "/api/v1/app/acme/endpoint/orders",
        "status": 200,
        **more,
    }
    return AuditEntry(id=audit_id(number), **members)


async def test_entries_are_listed_newest_first(world: World) -> None:
    world.audit_log.entries = [an_entry(number) for number in range(3)]
    answer = await world.client.get(AUDIT_LOG)
    assert answer.status_code == 200
    ids = [format_id(AUDIT_ENTRY, audit_id(number)) for number in range(3)]
    body = answer.json()
    assert [item["id"] for item in body["data"]] == ids[::-1]
    assert (body["iterator"], body["prevIterator"], body["done"]) == (ids[0], f"-{ids[2]}", True)
    at = body["data"][0].pop("timestamp")
    made_at = MADE_AT.replace(microsecond=678_000)
    assert datetime.fromisoformat(at) == made_at + timedelta(milliseconds=2)
    assert body["data"][0] == {
        "id": ids[2],
        "apiKeyId": format_id(API_KEY, b"k" * 16),
        "portalTokenId": None,
        "actor": None,
        "operation": "v1.endpoint.update",
        "method": "PUT",
        "path": "/api/v1/app/acme/endpoint/orders",
        "status": 200,
        "address": None,
        "before": None,
        "after": None,
        "number": None,
        "hash": None,
    }


@pytest.mark.parametrize("order", ["ascending", "descending"])
async def test_pages_go_forth_and_back(world: World, order: str) -> None:
    world.audit_log.entries = [an_entry(number) for number in range(5)]
    ids = [format_id(AUDIT_ENTRY, audit_id(number)) for number in range(5)]
    asked = {"limit": "2", "order": order}
    pages: list[dict[str, Any]] = []
    while not pages or not pages[-1]["done"]:
        if pages:
            asked["iterator"] = pages[-1]["iterator"]
        pages.append((await world.client.get(AUDIT_LOG, params=asked)).json())
    listed = [item["id"] for page in pages for item in page["data"]]
    assert listed == (ids if order == "ascending" else ids[::-1])
    asked["iterator"] = pages[-1]["prevIterator"]
    before = (await world.client.get(AUDIT_LOG, params=asked)).json()
    assert before["data"] == pages[1]["data"]


async def test_entries_of_one_operation_are_listed(world: World) -> None:
    world.audit_log.entries = [an_entry(0), an_entry(1, operation="v1.endpoint.delete")]
    body = (await world.client.get(AUDIT_LOG, params={"operation": "v1.endpoint.delete"})).json()
    assert [item["operation"] for item in body["data"]] == ["v1.endpoint.delete"]
    body = (await world.client.get(AUDIT_LOG, params={"operation": "other"})).json()
    assert body == {"data": [], "iterator": None, "prevIterator": None, "done": True}


async def test_a_tenant_sees_its_own_entries_only(world: World) -> None:
    for token in (TOKEN, OTHER_TOKEN):
        headers = {"authorization": f"Bearer {token}"}
        await world.client.post("/api/v1/app", json={}, headers=headers)
    assert [entry.tenant_id for entry in world.audit_log.entries] == [TENANT, OTHER_TENANT]
    for token, entry in zip((TOKEN, OTHER_TOKEN), world.audit_log.entries, strict=True):
        headers = {"authorization": f"Bearer {token}"}
        listed = (await world.client.get(AUDIT_LOG, headers=headers)).json()["data"]
        assert [item["id"] for item in listed] == [format_id(AUDIT_ENTRY, entry.id)]
    assert (await world.client.get(AUDIT_LOG, headers={"authorization": ""})).status_code == 401


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": "0"},
        {"limit": "251"},
        {"order": "random"},
        {"iterator": "nothing"},
        {"iterator": format_id(API_KEY, b"k" * 16)},
        {"operation": "a b"},
        {"operation": "a" * 129},
    ],
)
async def test_what_cannot_be_asked_for_is_422(world: World, asked: dict[str, str]) -> None:
    answer = await world.client.get(AUDIT_LOG, params=asked)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", *asked]
