"""An application of a test, and what a test asks of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
from svix.api import Svix, SvixOptions

from ..dev_platform import api_client  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252

WAIT_S = 60.0
CLIENTS = 4


class Customer:
    """An application of its own. `svix` is the official SDK without its retries, `api` plain HTTP
    for what is only Angarium's; `path` is the application's in the API."""

    def __init__(self, url: str, key: str) -> None:
        self.svix = Svix(key, SvixOptions(server_url=url, retry_schedule=[]))
        self.api = api_client(url, key)
        created = self.expect(201, "POST", "/app", {"name": "Test", "uid": f"app-{uuid4().hex}"})
        self.id = str(created["id"])
        self.path = f"/app/{self.id}"

    def close(self) -> None:
        """Delete the application, so that nothing of it is sent any more."""
        self.expect(204, "DELETE", self.path)
        self.api.close()

    def expect(self, status: int, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request, which must have this status."""
        answer = self.api.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def endpoint(self, url: str, **options: Any) -> str:
        """The id of a new endpoint."""
        body = {"url": url, **options}
        return str(self.expect(201, "POST", f"{self.path}/endpoint", body)["id"])

    def patch(self, endpoint: str, **changes: Any) -> None:
        """Change an endpoint."""
        self.expect(200, "PATCH", f"{self.path}/endpoint/{endpoint}", changes)

    def post(self, event_type: str = "a", **members: Any) -> str:
        """The id of a message that was accepted."""
        body = {"eventType": event_type, "payload": {"a": 1}, **members}
        return str(self.expect(202, "POST", f"{self.path}/msg", body)["id"])

    def post_many(self, count: int, event_type: str = "a") -> list[str]:
        """The ids of so many messages, in their order."""
        with ThreadPoolExecutor(CLIENTS) as clients:
            return sorted(clients.map(lambda _: self.post(event_type), range(count)))

    def attempts(self, message: str, endpoint: str) -> list[dict[str, Any]]:
        """The attempts of a delivery, oldest first."""
        path = f"{self.path}/attempt/msg/{message}?endpoint_id={endpoint}&limit=250"
        return list(self.expect(200, "GET", path)["data"])[::-1]

    def stats(self, endpoint: str) -> dict[str, int]:
        """An endpoint's deliveries by what became of them."""
        return dict(self.expect(200, "GET", f"{self.path}/endpoint/{endpoint}/stats"))

    def await_stats(self, endpoint: str, **wanted: int) -> dict[str, int]:
        """The statistics once they have these counts."""

        def found() -> dict[str, int] | None:
            stats = self.stats(endpoint)
            return stats if wanted.items() <= stats.items() else None

        try:
            return until(found, WAIT_S, "")
        except AssertionError:
            raise AssertionError(f"{wanted} wanted, {self.stats(endpoint)} found") from None

    def state(self, endpoint: str) -> dict[str, Any]:
        """How an endpoint is being delivered to."""
        return dict(self.expect(200, "GET", f"{self.path}/endpoint/{endpoint}/delivery-state"))

    def await_state(self, endpoint: str, **wanted: Any) -> dict[str, Any]:
        """The delivery state once it has these members."""
        return self.await_state_where(endpoint, lambda state: wanted.items() <= state.items())

    def await_state_where(
        self, endpoint: str, is_wanted: Callable[[dict[str, Any]], object]
    ) -> dict[str, Any]:
        """The delivery state once it is as wanted."""

        def found() -> dict[str, Any] | None:
            state = self.state(endpoint)
            return state if is_wanted(state) else None

        try:
            return until(found, WAIT_S, "")
        except AssertionError:
            raise AssertionError(f"the state stays {self.state(endpoint)}") from None

    def cancel(self, what: str) -> dict[str, Any]:
        """Cancel by hand what the path names: `msg/…/cancel`, `endpoint/…/cancel-pending`."""
        return dict(self.expect(200, "POST", f"{self.path}/{what}"))


def metric(internal_url: str, line: str) -> float:
    """The value of the line of a service's /metrics that begins with this; 0 without it."""
    with httpx.Client(trust_env=False) as client:
        text = client.get(f"{internal_url}/metrics").text
    values = [each.rpartition(" ")[2] for each in text.splitlines() if each.startswith(line)]
    return float(values[0]) if values else 0.0
