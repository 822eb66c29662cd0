"""Reads Svix, or any server with its API, such as Angarium itself."""

from collections.abc import Iterator
from typing import Any, Final

from angarium_cli.client.api_client import ApiClient

from .peer_document import Document, PeerDocument

_LIMIT: Final = 250
_PAGES_MAX: Final = 100_000
_ENDPOINT: Final = ("url", "description", "disabled", "throttleRate", "metadata")


def read_svix(api: ApiClient) -> PeerDocument:
    """All event types, applications and endpoints. Raises CommandFailed."""
    found = PeerDocument()
    for item in _items(api, "/api/v1/event-type", include_archived=True, with_content=True):
        found.event_types.append(_event_type(item))
    for item in _items(api, "/api/v1/app"):
        _read_application(api, item, found)
    return found


def _event_type(item: Document) -> Document:
    kept = ("name", "description", "archived", "deprecated", "schemas", "groupName")
    flags = item.get("featureFlags") or [flag for flag in (item.get("featureFlag"),) if flag]
    made = {name: item[name] for name in kept if item.get(name) is not None}
    return made | ({"featureFlags": flags} if flags else {})


def _read_application(api: ApiClient, item: Document, found: PeerDocument) -> None:
    uid = item.get("uid") or item["id"]
    rate = item.get("throttleRate") or item.get("rateLimit")
    more = {} if rate is None else {"throttleRate": rate}
    application = found.add_application(uid, item["name"], item.get("metadata"), **more)
    path = f"/api/v1/app/{item['id']}/endpoint"
    for endpoint in _items(api, path):
        one = f"{path}/{endpoint['id']}"
        headers = api.get(f"{one}/headers")
        if headers.get("sensitive"):
            names = ", ".join(headers["sensitive"])
            found.miss(
                f"endpoint {endpoint.get('uid') or endpoint['id']} of application {uid}: the"
                f" headers {names}, whose values Svix does not return"
            )
        found.add_endpoint(
            application,
            endpoint.get("uid") or endpoint["id"],
            _endpoint(endpoint),
            secret=api.get(f"{one}/secret")["key"],
            headers=headers.get("headers"),
        )


def _endpoint(item: Document) -> Document:
    made = {name: item[name] for name in _ENDPOINT if item.get(name) is not None}
    rate = item.get("throttleRate") or item.get("rateLimit")
    types = item.get("eventTypes") or item.get("filterTypes")
    return made | {"throttleRate": rate, "eventTypes": types, "channels": item.get("channels")}


def _items(api: ApiClient, path: str, **query: Any) -> Iterator[Document]:
    iterator: dict[str, str] = {}
    for _ in range(_PAGES_MAX):
        page = api.get(path, limit=_LIMIT, **query, **iterator)
        yield from page["data"]
        if page["done"] or not page["data"]:
            return
        iterator = {"iterator": page["iterator"]}
