"""The demo through the public API: one application, three endpoints, five messages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from angarium_signing import SigningSecret

APPLICATION_UID = "demo"
_TIMEOUT_S = 10.0
_CREATED_OR_THERE = (200, 201, 202, 409)
_NOT_FOUND = 404


class DemoFailed(Exception):
    """The API gave an unexpected answer; the text contains the call and the answer."""


@dataclass(frozen=True, slots=True)
class DemoEndpoint:
    """An endpoint of the demo. No `event_types` wants all; the first `failures` attempts fail."""

    name: str
    event_types: tuple[str, ...]
    failures: int

    def wants(self, event_type: str) -> bool:
        """True if it gets messages of this type."""
        return not self.event_types or event_type in self.event_types


INVOICE_PAID = "invoice.paid"
USER_CREATED = "user.created"
EVENT_TYPES = {INVOICE_PAID: "An invoice was paid.", USER_CREATED: "A user signed up."}
ENDPOINTS = (
    DemoEndpoint("healthy", (), 0),
    DemoEndpoint("flaky", (INVOICE_PAID,), 2),
    DemoEndpoint("signups", (USER_CREATED,), 0),
)
MESSAGES: tuple[tuple[str, dict[str, Any]], ...] = (
    (INVOICE_PAID, {"invoice": "in_1001", "cents": 4200, "currency": "EUR"}),
    (USER_CREATED, {"user": "u_2001", "email": "ada@example.com"}),
    (INVOICE_PAID, {"invoice": "in_1002", "cents": 990, "currency": "EUR"}),
    (USER_CREATED, {"user": "u_2002", "email": "grace@example.com"}),
    (INVOICE_PAID, {"invoice": "in_1003", "cents": 12900, "currency": "USD"}),
)


class Scenario:
    """The demo's calls. Repeatable: a later run reuses what an earlier one created."""

    def __init__(self, api: httpx.AsyncClient) -> None:
        self._api = api

    async def set_up(self, receiver_url: str, trust: Callable[[str, SigningSecret], None]) -> None:
        """Create the application, its event types and its endpoints at `receiver_url/<name>`.

        Calls `trust` with each endpoint's secret. Raises DemoFailed.
        """
        application = {"name": "Demo", "uid": APPLICATION_UID}
        await self._call("POST", "/app", application, get_if_exists="true")
        for name, description in EVENT_TYPES.items():
            await self._call("POST", "/event-type", {"name": name, "description": description})
        for endpoint in ENDPOINTS:
            await self._set_up_endpoint(endpoint, f"{receiver_url}/{endpoint.name}")
            answer = await self._call("GET", f"{_endpoint_path(endpoint)}/secret")
            trust(endpoint.name, SigningSecret.parse(str(answer.json()["key"])))

    async def post_messages(self) -> set[tuple[str, str]]:
        """Post the messages; gives the expected deliveries as (message id, endpoint)."""
        expected = set()
        for event_type, payload in MESSAGES:
            message = {"eventType": event_type, "payload": payload}
            answer = await self._call("POST", f"/app/{APPLICATION_UID}/msg", message)
            message_id = str(answer.json()["id"])
            expected |= {(message_id, e.name) for e in ENDPOINTS if e.wants(event_type)}
        return expected

    async def _set_up_endpoint(self, endpoint: DemoEndpoint, url: str) -> None:
        wanted: dict[str, Any] = {
            "uid": _uid(endpoint),
            "url": url,
            "description": f"Demo: {endpoint.name}",
        }
        if endpoint.event_types:
            wanted["eventTypes"] = list(endpoint.event_types)
        # The receiver has another port at every start.
        found = await self._call("GET", _endpoint_path(endpoint), may_be_missing=True)
        if found.status_code == _NOT_FOUND:
            await self._call("POST", f"/app/{APPLICATION_UID}/endpoint", wanted)
        else:
            await self._call("PUT", _endpoint_path(endpoint), wanted)

    async def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        may_be_missing: bool = False,
        **query: str,
    ) -> httpx.Response:
        try:
            answer = await self._api.request(method, f"/api/v1{path}", json=body, params=query)
        except httpx.HTTPError as error:
            raise DemoFailed(f"{method} {path}: {str(error) or type(error).__name__}") from error
        missing = may_be_missing and answer.status_code == _NOT_FOUND
        if answer.status_code not in _CREATED_OR_THERE and not missing:
            raise DemoFailed(f"{method} {path} was answered {answer.status_code}: {answer.text}")
        return answer


def api_client(api_url: str, api_key: str) -> httpx.AsyncClient:
    """A client of the local API, which ignores the environment's proxies."""
    return httpx.AsyncClient(
        base_url=api_url,
        headers={"Authorization": f"Bearer {api_key}"},
        timeout=_TIMEOUT_S,
        trust_env=False,
    )


def _uid(endpoint: DemoEndpoint) -> str:
    return f"demo-{endpoint.name}"


def _endpoint_path(endpoint: DemoEndpoint) -> str:
    return f"/app/{APPLICATION_UID}/endpoint/{_uid(endpoint)}"
