"""Reads a project of Convoy (API v1): its endpoints by owner, their subscriptions, event types.

Convoy: https://www.getconvoy.io/docs/api-reference
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from angarium_cli.client.api_client import ApiClient

from .peer_document import Document, PeerDocument, event_types_or_all, name_of

_LIMIT: Final = 100
_PAGES_MAX: Final = 100_000
_EVERYTHING: Final = "*"


def read_convoy(api: ApiClient, project: str) -> PeerDocument:
    """All endpoints of an outgoing project. An owner is an application; an endpoint without an
    owner, an application of its own. Raises CommandFailed."""
    found = PeerDocument()
    base = f"/api/v1/projects/{project}"
    for item in _event_types(api.get(f"{base}/event-types")["data"]):
        if item["name"] != _EVERYTHING:
            found.event_types.append(_event_type(item))
    subscriptions: defaultdict[str, list[Document]] = defaultdict(list)
    for item in _items(api, f"{base}/subscriptions"):
        subscriptions[(item.get("endpoint_metadata") or {}).get("uid", "")].append(item)
    for item in _items(api, f"{base}/endpoints"):
        _read_endpoint(item, subscriptions[item["uid"]], found)
    return found


def _event_types(data: Any) -> Sequence[Document]:
    """Versions of Convoy answer a list, or an object with it."""
    listed: Sequence[Document] = data["event_types"] if isinstance(data, dict) else data
    return listed


def _event_type(item: Document) -> Document:
    made: Document = {
        "name": name_of(item["name"]),
        "description": item.get("description") or item["name"],
        "deprecated": item.get("deprecated_at") is not None,
    }
    if item.get("category"):
        made["groupName"] = name_of(item["category"])
    if isinstance(item.get("json_schema"), dict) and item["json_schema"]:
        made["schemas"] = {"1": item["json_schema"]}
    return made


def _read_endpoint(item: Document, subscriptions: list[Document], found: PeerDocument) -> None:
    uid, owner = item["uid"], item.get("owner_id") or item["uid"]
    where = f"endpoint {uid} of application {name_of(owner)}"
    application = found.add_application(owner, item.get("owner_id") or item.get("name") or uid)
    names = [name for each in subscriptions for name in _subscribed(each)]
    if any(_has_filter(each) for each in subscriptions):
        found.miss(f"{where}: the filters of its subscriptions; write them as `filter`")
    if (item.get("authentication") or {}).get("type") not in (None, "", "api_key"):
        found.miss(f"{where}: its {item['authentication']['type']} authentication")
    if item.get("mtls_client_cert"):
        found.miss(f"{where}: its client certificate")
    if not subscriptions:
        found.miss(f"{where}: it has no subscription, and is imported disabled")
    endpoint = {
        "url": item.get("url") or item.get("target_url"),
        "description": item.get("description") or item.get("name") or "",
        "disabled": not subscriptions or item.get("status") not in (None, "active"),
        "throttleRate": _per_second(item),
        "eventTypes": event_types_or_all(names),
    }
    secrets = [each for each in item.get("secrets") or () if not each.get("expires_at")]
    found.add_endpoint(
        application,
        uid,
        endpoint,
        secret=secrets[-1]["value"] if secrets else None,
        headers=_api_key(item.get("authentication")),
    )


def _subscribed(subscription: Document) -> Sequence[str]:
    return (subscription.get("filter_config") or {}).get("event_types") or [_EVERYTHING]


def _has_filter(subscription: Document) -> bool:
    rules = (subscription.get("filter_config") or {}).get("filter") or {}
    return any(rules.get(part) for part in ("headers", "body", "query", "path"))


def _per_second(item: Document) -> int | None:
    """The rate, which Convoy counts in a number of seconds."""
    rate, seconds = item.get("rate_limit") or 0, item.get("rate_limit_duration") or 1
    return max(1, int(rate / seconds)) if rate else None


def _api_key(authentication: Mapping[str, Any] | None) -> dict[str, str]:
    key = (authentication or {}).get("api_key") or {}
    return {key["header_name"]: key["header_value"]} if key.get("header_name") else {}


def _items(api: ApiClient, path: str) -> Iterator[Document]:
    cursor: dict[str, str] = {}
    for _ in range(_PAGES_MAX):
        data = api.get(path, perPage=_LIMIT, **cursor)["data"]
        yield from data["content"] or ()
        pagination = data.get("pagination") or {}
        if not pagination.get("has_next_page"):
            return
        cursor = {"next_page_cursor": pagination["next_page_cursor"]}
