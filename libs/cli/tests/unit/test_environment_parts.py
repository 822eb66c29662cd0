"""A document is imported in parts that fit into requests, and nothing of it is left out."""

import json
from typing import Any

from angarium_cli.environment.transfer import REQUEST_BYTES_MAX, parts_of
from hypothesis import given
from hypothesis import strategies as st

LARGE = REQUEST_BYTES_MAX // 4


def application(uid: int, sizes: list[int]) -> dict[str, Any]:
    endpoints = [{"uid": str(number), "url": "x" * size} for number, size in enumerate(sizes)]
    return {"uid": str(uid), "name": "n", "endpoints": endpoints}


def pieces(document: dict[str, Any], name: str = "applications") -> list[tuple[str, str]]:
    return [
        (app["uid"], endpoint["uid"])
        for app in document.get(name, [])
        for endpoint in app["endpoints"]
    ]


@given(
    applications=st.lists(st.lists(st.integers(0, LARGE), max_size=12), max_size=6),
    event_types=st.lists(st.integers(0, LARGE), max_size=6),
)
def test_parts_are_small_and_complete(
    applications: list[list[int]], event_types: list[int]
) -> None:
    document: dict[str, Any] = {
        "version": 1,
        "settings": {"retentionDays": 3},
        "applications": [application(uid, sizes) for uid, sizes in enumerate(applications)],
        "eventTypes": [{"name": "t", "description": "x" * size} for size in event_types],
        "sources": [application(uid, sizes) for uid, sizes in enumerate(applications)],
        "streams": [application(uid, sizes) for uid, sizes in enumerate(applications)],
        "operationalEndpoints": [{"url": "x" * size} for size in event_types],
    }
    parts = list(parts_of(document))
    assert all(len(json.dumps(part)) <= 2 * REQUEST_BYTES_MAX for part in parts)
    assert [piece for part in parts for piece in pieces(part)] == pieces(document)
    for name in ("eventTypes", "operationalEndpoints"):
        assert [item for part in parts for item in part.get(name, [])] == document[name]
    for name in ("sources", "streams"):
        assert [piece for part in parts for piece in pieces(part, name)] == pieces(document, name)
    uids = {app["uid"] for part in parts for app in part.get("applications", [])}
    assert uids == {app["uid"] for app in document["applications"]}
    assert parts[0] == {"version": 1, "settings": {"retentionDays": 3}}
