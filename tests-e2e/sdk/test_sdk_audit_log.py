"""The audit log has what the official SDK changed, before and after, and none of the secrets."""

from uuid import uuid4

import httpx
from svix.api import (
    ApplicationOut,
    EndpointHeadersIn,
    EndpointIn,
    EndpointPatch,
    EventTypeIn,
    EventTypePatch,
    Svix,
)

CANARY = "c4n4ry" + "A" * 26


def test_changes_are_recorded_before_and_after_without_secrets(
    svix: Svix, api: httpx.Client, application: ApplicationOut
) -> None:
    url = f"https://example.com/hook?key={CANARY}"
    new = EndpointIn(url=url, headers={"x-a": CANARY}, metadata={"note": CANARY})
    endpoint = svix.endpoint.create(application.id, new)
    svix.endpoint.patch(application.id, endpoint.id, EndpointPatch(description="new"))
    svix.endpoint.set_headers(
        application.id, endpoint.id, EndpointHeadersIn(headers={"x-b": CANARY})
    )
    path = f"/app/{application.id}/endpoint/{endpoint.id}/secret/rotate"
    assert api.post(path, json={"key": f"whsec_{CANARY}"}).status_code == 204
    svix.endpoint.delete(application.id, endpoint.id)
    name = f"audited.{uuid4().hex}"
    svix.event_type.create(EventTypeIn(name=name, description="old"))
    svix.event_type.patch(name, EventTypePatch(description="new"))
    svix.event_type.delete(name)

    answer = api.get("/audit-log", params={"limit": 8})
    assert CANARY not in answer.text
    entries = answer.json()["data"][::-1]
    created, patched, headers, secret, deleted, added, described, archived = [
        (entry["before"], entry["after"]) for entry in entries
    ]
    assert created[0] is None
    assert created[1]["url"] == "https://example.com/hook?key=(redacted)"
    assert patched == ({"description": ""}, {"description": "new"})
    assert headers[1] == {"headers": {"x-b": "(redacted)"}}
    assert secret == ({"secret": "(redacted)"}, {"secret": "(redacted)"})
    assert (deleted[0]["id"], deleted[0]["description"], deleted[1]) == (endpoint.id, "new", None)
    assert (added[0], added[1]["name"]) == (None, name)
    assert described == ({"description": "old"}, {"description": "new"})
    assert archived == ({"archived": False}, {"archived": True})
