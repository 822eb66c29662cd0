"""The operations of the platform, on running processes."""

import base64
from typing import Any

import httpx
import pytest
from redis import Redis

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252

WAIT_S = 60
QUARANTINE = "quarantine:worker"


@pytest.fixture
def redis(platform: DevPlatform) -> Redis:
    return Redis.from_url(str(platform.state["redis_url"]))


def test_the_platform_shows_its_processes_and_streams(
    platform: DevPlatform, api: httpx.Client
) -> None:
    def all_shown() -> dict[str, Any] | None:
        shown: dict[str, Any] = api.get("/platform").json()
        running = {each["service"] for each in shown["processes"] if each["state"] == "running"}
        return shown if running == {"gateway", "dispatcher", "worker"} else None

    shown = until(all_shown, WAIT_S, "all processes")
    by_service = {each["service"]: each for each in shown["processes"]}
    for service in ("gateway", "dispatcher", "worker"):
        process = by_service[service]
        assert process["pid"] == platform.pid(service)
        assert process["version"] == shown["version"]
        assert process["heartbeatAgeS"] < 30
        assert process["memoryBytes"] > 1_000_000
        assert process["databasePool"]["size"] >= 1
        assert process["redisPool"]["inUse"] >= 1
    streams = {each["name"]: each for each in shown["streams"]}
    assert streams["messages.accepted:{0}"]["readers"] == 1
    assert streams["worker.queries"]["readBy"] == "worker"
    assert shown["backlog"]["setAsideBatches"] == 0
    assert shown["redis"]["name"] == "Valkey"


def test_the_examination_finds_that_all_is_well_or_says_what_to_do(api: httpx.Client) -> None:
    found = api.get("/platform/findings", timeout=30).json()
    subjects = {each["subject"] for each in found["findings"]}
    assert {"redis", "gateway database", "dispatcher database", "worker database"} <= subjects
    assert {"worker directory copy", "processes"} <= subjects
    for finding in found["findings"]:
        assert (finding["remedy"] is None) == (finding["level"] == "ok"), finding
    assert found["level"] != "problem", found


def test_an_entry_is_listed_read_and_dropped(api: httpx.Client, redis: Redis) -> None:
    fields: Any = {
        "stream": "deliveries.requested:{0}",
        "entry_id": "1-1",
        "reason": "failed 5 times: KeyError",
        "body": b"\x00secret",
    }
    added: Any = redis.xadd(QUARANTINE, fields)
    entry_id = f"worker/{added.decode()}"

    listed = api.get("/platform/quarantine", params={"service": "worker"}).json()["data"]
    (entry,) = [each for each in listed if each["id"] == entry_id]
    assert (entry["tries"], entry["sizeBytes"], entry["replayable"]) == (5, 7, False)
    shown = api.get(f"/platform/quarantine/{entry_id}").json()
    assert shown["messageCount"] == 0
    read = api.get(f"/platform/quarantine/{entry_id}/bytes").json()
    assert base64.b64decode(read["base64"]) == b"\x00secret"
    kept = api.post("/platform/quarantine/replay", json={"ids": [entry_id]}).json()
    assert [each["outcome"] for each in kept["entries"]] == ["kept"]
    assert api.post("/platform/quarantine/drop", json={"ids": [entry_id]}).json() == {"dropped": 1}
    assert api.get(f"/platform/quarantine/{entry_id}").status_code == 404

    recorded = [each["operation"] for each in api.get("/audit-log").json()["data"]]
    for operation in ("drop", "replay", "get-bytes"):
        assert f"v1.quarantine.{operation}" in recorded
