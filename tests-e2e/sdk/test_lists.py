"""Every list ends in both directions, also when something is added while it is read."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from redis import Redis

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252

PAGES_MAX = 1_000


class Lists:
    """An application with three of everything, and what adds one more to each list."""

    def __init__(self, api: httpx.Client, receiver: WebhookReceiver, redis: Redis) -> None:
        self._api = api
        self._redis = redis
        self._url = f"{receiver.url}/ok"
        self.app = f"/app/{self._post('/app', {'name': 'A', 'uid': uuid4().hex})['uid']}"
        self.endpoint = self.add_endpoint()
        self.message = self.add_message()
        stream = self._post("/stream", {"name": "s"})["id"]
        ingest = f"{str(api.base_url).partition('/api/')[0]}/ingest/api/v1/source"
        source = {"name": "s", "type": "generic-webhook"}
        of_source = self._post(ingest, source)["id"]
        self.adding: dict[str, Callable[[], Any]] = {
            "/app": lambda: self._post("/app", {"name": "A"}),
            "/stream": lambda: self._post("/stream", {"name": "s"}),
            f"/stream/{stream}/sink": lambda: self._post(
                f"/stream/{stream}/sink", {"type": "poller"}
            ),
            "/stream/event-type": lambda: self._post("/stream/event-type", {"name": uuid4().hex}),
            ingest: lambda: self._post(ingest, source),
            f"{ingest}/{of_source}/endpoint": lambda: self._post(
                f"{ingest}/{of_source}/endpoint", {"url": self._url}
            ),
            "/event-type": lambda: self._post(
                "/event-type", {"name": uuid4().hex, "description": ""}
            ),
            "/audit-log": lambda: self._post("/app", {"name": "A"}),
            "/api-key": lambda: self._post("/api-key", {"name": "k", "scope": "read"}),
            f"{self.app}/integration": lambda: self._post(f"{self.app}/integration", {"name": "k"}),
            "/background-task": self._add_task,
            "/operational-webhook/endpoint": lambda: self._post(
                "/operational-webhook/endpoint", {"url": self._url, "disabled": True}
            ),
            f"{self.app}/endpoint": self.add_endpoint,
            f"{self.app}/destination": lambda: self._post(
                f"{self.app}/destination", {"type": "pollingEndpoint"}
            ),
            f"{self.app}/msg": self.add_message,
            f"{self.app}/msg/{self.message}/endpoint": self._add_destination,
            f"{self.app}/endpoint/{self.endpoint}/msg": self.add_message,
            f"{self.app}/attempt/endpoint/{self.endpoint}": self._add_attempt,
            f"{self.app}/attempt/msg/{self.message}": self._add_attempt,
            f"{self.app}/search/messages": self.add_message,
            f"{self.app}/search/attempts": self._add_attempt,
            "/search/messages": self.add_message,
            "/search/attempts": self._add_attempt,
            "/platform/quarantine": self._add_quarantined,
        }

    def add_endpoint(self) -> str:
        return str(self._post(f"{self.app}/endpoint", {"url": self._url})["id"])

    def add_message(self) -> str:
        made = str(self._post(f"{self.app}/msg", {"eventType": "a", "payload": {}})["id"])
        self._attempts_reach(made, 1)
        return made

    def _add_attempt(self) -> None:
        before = self._attempts(self.message)
        self._post(f"{self.app}/msg/{self.message}/endpoint/{self.endpoint}/resend", None)
        self._attempts_reach(self.message, before + 1)

    def _add_destination(self) -> None:
        before = self._attempts(self.message)
        endpoint = self.add_endpoint()
        self._post(f"{self.app}/msg/{self.message}/endpoint/{endpoint}/resend", None)
        self._attempts_reach(self.message, before + 1)

    def _add_task(self) -> None:
        since = {"since": "2020-01-01T00:00:00Z"}
        self._post(f"{self.app}/endpoint/{self.endpoint}/recover", since)

    def _add_quarantined(self) -> None:
        fields: Any = {"stream": "x", "entry_id": "1-1", "reason": "a test", "body": b"x"}
        for service in ("worker", "gateway"):
            self._redis.xadd(f"quarantine:{service}", fields)

    def _attempts(self, message: str) -> int:
        answer = self._api.get(f"{self.app}/attempt/msg/{message}", params={"limit": 250})
        return len(answer.json()["data"])

    def _attempts_reach(self, message: str, count: int) -> None:
        until(lambda: self._attempts(message) >= count, 20, f"{count} attempts")

    def _post(self, path: str, body: Any) -> Any:
        answer = self._api.post(path, json=body)
        assert answer.status_code < 300, (path, answer.text)
        return answer.json()


def key_of(item: dict[str, Any]) -> str:
    return str(item.get("id", item.get("name")))


def walk(api: httpx.Client, path: str, iterator: str | None, onward: str) -> list[dict[str, Any]]:
    """The pages from `iterator` on in one direction until one says that it is the last."""
    pages = []
    for _ in range(PAGES_MAX):
        params = {"limit": "2"} | ({} if iterator is None else {"iterator": iterator})
        answer = api.get(path, params=params)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        if pages[-1]["done"]:
            return pages
        iterator = pages[-1][onward]
        assert iterator is not None
    raise AssertionError(f"{path} does not end")


def keys(pages: list[dict[str, Any]]) -> list[str]:
    return [key_of(item) for page in pages for item in page["data"]]


@pytest.fixture
def lists(platform: DevPlatform, api: httpx.Client, receiver: WebhookReceiver) -> Iterator[Lists]:
    with Redis.from_url(str(platform.state["redis_url"])) as redis:
        yield Lists(api, receiver, redis)
    api.post("/platform/quarantine/drop", json={"all": True})


def test_every_list_ends_in_both_directions_while_it_grows(api: httpx.Client, lists: Lists) -> None:
    document = api.get("/openapi.json").json()
    listed = [
        path
        for path, item in document["paths"].items()
        if any(each["name"] == "iterator" for each in item.get("get", {}).get("parameters", ()))
        and not path.startswith("/api/v1/admin/")  # for keys of the platform
        and "/poller/" not in path  # goes forward only
        and not path.endswith("/set-aside-batches")  # test_set_aside_batches.py
        and not path.endswith("/sink/{sink_id}/events")  # goes forward only
    ]
    assert len(listed) == len(lists.adding)
    for path, add in lists.adding.items():
        for _ in range(3):
            add()
        forth = walk(api, path, None, "iterator")
        found = keys(forth)
        assert len(found) == len(set(found)) >= 3, path
        add()
        back = walk(api, path, forth[-1]["prevIterator"], "prevIterator")
        returned = keys(back[::-1]) + keys(forth[-1:])
        assert [key for key in returned if key in found] == found, path
        assert len(returned) == len(set(returned)), path
        before = walk(api, path, back[-1]["prevIterator"], "prevIterator")
        assert keys(before) == [], path


def test_default_orders_are_those_of_the_published_interface(
    api: httpx.Client, lists: Lists
) -> None:
    for path in (f"{lists.app}/endpoint", f"{lists.app}/msg"):
        lists.adding[path]()
        newest = api.get(path).json()["data"]
        assert [key_of(item) for item in newest] == sorted(map(key_of, newest), reverse=True)
