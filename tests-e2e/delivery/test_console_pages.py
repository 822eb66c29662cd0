"""What the pages of the console and the portal ask for, on running processes."""

from typing import Any
from uuid import uuid4

import httpx

from ..waiting import until  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252

WAIT_S = 60


def test_applications_are_found_by_name_uid_and_id(api: httpx.Client) -> None:
    mark = uuid4().hex[:8]
    acme = api.post("/app", json={"name": f"Acme {mark} 100%", "uid": f"{mark}-acme"}).json()
    globex = api.post("/app", json={"name": f"Globex {mark}", "uid": f"{mark}_globex"}).json()

    def found(search: str, **more: str) -> list[str]:
        answer = api.get("/app", params={"search": search, **more})
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["data"]]

    assert found(f"ACME {mark}") == [acme["id"]]
    assert found(f"{mark} 100%") == [acme["id"]]
    assert found(f"{mark}_") == [globex["id"]]
    assert found(f"{mark}%") == []
    assert found(mark) == [acme["id"], globex["id"]]
    assert found(mark, order="descending", limit="1") == [globex["id"]]
    assert found(globex["id"]) == [globex["id"]]
    assert found(f"acme-{mark}") == []
    assert api.get("/app", params={"search": ""}).status_code == 422


def test_a_url_is_judged_before_it_is_saved(api: httpx.Client, app: str) -> None:
    def checked(url: str) -> dict[str, Any]:
        answer = api.post(f"{app}/endpoint-url/check", json={"url": url})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    well = checked("http://127.0.0.1:9/hooks")
    assert (well["accepted"], well["url"]) == (True, "http://127.0.0.1:9/hooks")
    assert well["addresses"][0]["allowed"] is True
    private = checked("https://10.1.2.3/")
    assert private["accepted"] is False
    assert "10.1.2.3" in private["conclusion"]
    assert private["addresses"][0]["rule"].startswith("10.0.0.0/8")
    assert checked("ftp://example.com")["url"] is None


def test_a_schema_is_tested_with_an_example(api: httpx.Client) -> None:
    schema = {"type": "object", "properties": {"cents": {"type": "integer"}}}
    for example, valid in (({"cents": 5}, True), ({"cents": "5"}, False)):
        answer = api.post("/event-type-schema/test", json={"schema": schema, "example": example})
        assert answer.json()["valid"] is valid, answer.text


def test_sparklines_count_what_was_attempted(
    api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint = api.post(f"{app}/endpoint", json={"url": f"{receiver.url}/ok"}).json()["id"]
    quiet = api.post(f"{app}/endpoint", json={"url": f"{receiver.url}/no", "disabled": True})
    for _ in range(3):
        api.post(f"{app}/msg", json={"eventType": "a", "payload": {}})
    asked = {"endpoint_id": [endpoint, quiet.json()["id"]]}

    def counted() -> list[dict[str, Any]] | None:
        lines: list[dict[str, Any]] = api.get(f"{app}/stats/endpoints", params=asked).json()["data"]
        return lines if sum(lines[0]["success"]) == 3 else None

    lines = until(counted, WAIT_S, "three attempts are counted")
    assert [len(each["success"]) for each in lines] == [24, 24]
    assert sum(lines[0]["fail"]) + sum(lines[1]["success"]) + sum(lines[1]["fail"]) == 0


def test_a_redelivery_is_previewed_without_sending_anything(
    api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    ids = [
        api.post(f"{app}/msg", json={"eventType": name, "payload": {}}).json()["id"]
        for name in ("invoice.paid", "invoice.paid", "invoice.voided")
    ]
    endpoint = api.post(f"{app}/endpoint", json={"url": f"{receiver.url}/ok"}).json()["id"]
    at = f"{app}/endpoint/{endpoint}/redelivery-preview"

    def previewed(task: str, **more: str) -> dict[str, Any]:
        answer = api.get(at, params={"task": task, **more})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert found["complete"] is True
        return found

    missing = previewed("replay-missing")
    assert (missing["messages"], missing["delivered"], missing["examined"]) == (3, 0, 3)
    assert missing["eventTypes"] == [
        {"eventType": "invoice.paid", "messages": 2},
        {"eventType": "invoice.voided", "messages": 1},
    ]
    assert missing["oldest"] <= missing["newest"]
    assert previewed("recover")["messages"] == 0

    api.post(f"{app}/msg/{ids[0]}/endpoint/{endpoint}/resend")
    until(lambda: previewed("bulk-replay")["delivered"] == 1, WAIT_S, "one is delivered")
    assert previewed("bulk-replay")["messages"] == 3
    assert previewed("bulk-replay", event_types="invoice.voided")["messages"] == 1
    assert previewed("replay-missing")["messages"] == 2
    api.delete(f"{app}/msg/{ids[1]}/content")
    assert (previewed("bulk-replay")["messages"], previewed("bulk-replay")["expunged"]) == (2, 1)
    attempts = api.get(f"{app}/attempt/endpoint/{endpoint}").json()["data"]
    assert len(attempts) == 1

    api.patch(f"{app}/endpoint/{endpoint}", json={"disabled": True})
    refused = api.get(at)
    assert refused.status_code == 409


def test_unhealthy_endpoints_and_what_waits_are_shown(
    api: httpx.Client, receiver: WebhookReceiver
) -> None:
    mark = uuid4().hex[:8]
    app = f"/app/{api.post('/app', json={'name': f'Sick {mark}', 'uid': mark}).json()['uid']}"
    body = {"url": f"{receiver.url}/ok", "disabled": True, "description": "off"}
    off = api.post(f"{app}/endpoint", json=body).json()["id"]
    body = {"url": "http://127.0.0.1:9/", "retrySchedule": [600]}
    bad = api.post(f"{app}/endpoint", json=body).json()["id"]
    well = api.post(f"{app}/endpoint", json={"url": f"{receiver.url}/ok"}).json()["id"]
    api.post(f"{app}/msg", json={"eventType": "a", "payload": {}})

    def shown() -> dict[str, Any] | None:
        found = api.get("/stats/unhealthy-endpoints", params={"limit": 100}).json()
        mine = {each["endpointId"]: each for each in found["data"] if each["appUid"] == mark}
        return mine if mine.keys() == {off, bad} else None

    mine = until(shown, WAIT_S, "both are shown")
    assert well not in mine
    assert mine[off]["reasons"][0]["code"] == "disabled"
    assert mine[off]["description"] == "off"
    assert "failing" in {each["code"] for each in mine[bad]["reasons"]}
    assert mine[bad]["failingSince"] is not None
    assert mine[bad]["appName"] == f"Sick {mark}"
    waiting = api.get("/stats/backlog").json()
    assert waiting["pendingDeliveries"] >= 1
    assert waiting["oldestDueAt"] is not None
    api.delete(app)
