"""The audit log of the gateway as it is put together, on each engine."""

import time

from angarium_contracts.ids import API_KEY, AUDIT_ENTRY, created_at_ms, parse_id

from .bad_bodies import GOOD
from .conftest import Door

AUDIT_LOG = "/api/v1/audit-log"


async def test_changes_are_in_the_audit_log_and_messages_are_not(any_door: Door) -> None:
    before_ms = time.time_ns() // 1_000_000
    async with any_door.client() as client:
        assert (await client.post(any_door.path, json=GOOD)).status_code == 202
        assert (await client.post(f"{any_door.path}/", json={})).status_code == 422
        refused = {"retrySchedule": "hunter2"}
        await client.put("/api/v1/tenant/policy/?note=hunter2", json=refused)
        await client.put("/api/v1/tenant/policy", json={"retrySchedule": None})
        unknown = {"authorization": "Bearer unknown"}
        await client.put("/api/v1/tenant/policy", json={}, headers=unknown)

        answer = await client.get(AUDIT_LOG)
        assert answer.status_code == 200
        newest, oldest = answer.json()["data"]
        assert (newest["status"], oldest["status"]) == (404, 422)
        for entry in (newest, oldest):
            assert entry["operation"] == "v1.tenant.update-policy"
            assert (entry["method"], entry["path"]) == ("PUT", "/api/v1/tenant/policy")
            assert parse_id(API_KEY, entry["apiKeyId"]) is not None
            entry_id = parse_id(AUDIT_ENTRY, entry["id"])
            assert entry_id is not None
            assert before_ms <= created_at_ms(entry_id) <= time.time_ns() // 1_000_000
        assert "hunter2" not in answer.text
