"""Reads Outpost: its tenants are applications, their webhook destinations endpoints.

Outpost: https://outpost.hookdeck.com/docs
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from angarium_cli.client.api_client import ApiClient

from .peer_document import Document, PeerDocument, event_types_or_all, flat_metadata, name_of

_LIMIT: Final = 100
_PAGES_MAX: Final = 100_000


def read_outpost(api: ApiClient) -> PeerDocument:
    """All topics, tenants and webhook destinations. Raises CommandFailed."""
    found = PeerDocument()
    found.event_types += [
        {"name": name_of(topic), "description": topic} for topic in api.get("/api/v1/topics")
    ]
    for tenant in _tenants(api):
        metadata = flat_metadata(tenant.get("metadata"))
        application = found.add_application(tenant["id"], tenant["id"], metadata)
        for item in api.get(f"/api/v1/tenants/{tenant['id']}/destinations"):
            _read_destination(item, application, found)
    return found


def _read_destination(item: Document, application: Document, found: PeerDocument) -> None:
    where = f"destination {item['id']} of tenant {application['uid']}"
    if item["type"] != "webhook":
        found.miss(f"{where}: a destination of type {item['type']}")
        return
    if item.get("filter"):
        found.miss(f"{where}: its filter; write it as `filter`")
    if item.get("delivery_metadata"):
        found.miss(f"{where}: its delivery_metadata")
    config, credentials = item["config"], item.get("credentials") or {}
    topics = [item["topics"]] if isinstance(item["topics"], str) else item["topics"]
    found.add_endpoint(
        application,
        item["id"],
        {
            "url": config["url"],
            "disabled": item.get("disabled_at") is not None,
            "eventTypes": event_types_or_all(topics),
            "metadata": flat_metadata(item.get("metadata")),
        },
        secret=credentials.get("secret"),
        headers=_headers(config),
    )


def _headers(config: Document) -> dict[str, str]:
    text = config.get("custom_headers")
    return flat_metadata(json.loads(text)) if text else {}


def _tenants(api: ApiClient) -> Iterator[Document]:
    cursor: dict[str, Any] = {}
    for _ in range(_PAGES_MAX):
        page = api.get("/api/v1/tenants", limit=_LIMIT, **cursor)
        yield from page["models"]
        following = (page.get("pagination") or {}).get("next")
        if not following:
            return
        cursor = {"next": following}
