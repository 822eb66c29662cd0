"""The demo against an API of its own kind: in memory, but signing and posting for real."""

import asyncio
import io
import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from angarium_cli.demo.receiver import Arrival, DemoReceiver
from angarium_cli.demo.run import play
from angarium_cli.demo.scenario import ENDPOINTS, MESSAGES, DemoFailed, Scenario
from angarium_contracts.ids import MESSAGE, IdMaker, format_id
from angarium_signing import SigningSecret, signature_headers
from rich.console import Console

ATTEMPTS_MAX = 5


@dataclass
class FakeApi:
    """Enough of the API for the demo. Delivers each message at once, retrying without delay."""

    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    event_types: set[str] = field(default_factory=set)
    applications: int = 0
    key: bytes = b"k" * 32
    make_id: IdMaker = field(default_factory=lambda: IdMaker(time.time_ns, lambda bits: 0))
    deliveries: set[asyncio.Task[None]] = field(default_factory=set)

    def client(self) -> httpx.AsyncClient:
        transport = httpx.MockTransport(self.answer)
        return httpx.AsyncClient(base_url="http://api", transport=transport)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else {}
        match request.method, request.url.path.removeprefix("/api/v1").strip("/").split("/"):
            case "POST", ["app"]:
                assert request.url.params["get_if_exists"] == "true"
                self.applications += 1
                return httpx.Response(201 if self.applications == 1 else 200, json=body)
            case "POST", ["event-type"]:
                known = body["name"] in self.event_types
                self.event_types.add(body["name"])
                return httpx.Response(409 if known else 201, json={})
            case "POST", ["app", "demo", "endpoint"]:
                self.endpoints[body["uid"]] = body
                return httpx.Response(201, json=body)
            case "GET", ["app", "demo", "endpoint", uid]:
                return httpx.Response(200 if uid in self.endpoints else 404, json={})
            case "PUT", ["app", "demo", "endpoint", uid]:
                self.endpoints[uid] = body
                return httpx.Response(200, json=body)
            case "GET", ["app", "demo", "endpoint", _, "secret"]:
                return httpx.Response(200, json={"key": SigningSecret(self.key).reveal()})
            case "POST", ["app", "demo", "msg"]:
                return httpx.Response(202, json={"id": self.accept(body)})
        return httpx.Response(500, text="not of this API")

    def accept(self, message: dict[str, Any]) -> str:
        message_id = format_id(MESSAGE, self.make_id())
        body = json.dumps(message["payload"]).encode()
        for endpoint in self.endpoints.values():
            if message["eventType"] in endpoint.get("eventTypes", [message["eventType"]]):
                task = asyncio.create_task(self.deliver(endpoint["url"], message_id, body))
                self.deliveries.add(task)
        return message_id

    async def deliver(self, url: str, message_id: str, body: bytes) -> None:
        headers = dict(
            signature_headers([SigningSecret(self.key)], message_id, int(time.time()), body)
        )
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(ATTEMPTS_MAX):
                if (await client.post(url, content=body, headers=headers)).status_code == 200:
                    return


async def played(api: FakeApi) -> str:
    out = io.StringIO()
    async with api.client() as client:
        await play(client, Console(file=out, width=200))
    await asyncio.gather(*api.deliveries)
    return out.getvalue()


async def test_the_demo_shows_every_attempt_and_sums_them_up() -> None:
    shown = await played(FakeApi())

    lines = re.findall(r"^  msg_\w+ +(\w+) +(\d) +(\d+) +\d+ +verified$", shown, re.MULTILINE)
    expected = (
        [("healthy", "1", "200")] * 5
        + [("flaky", "1", "500"), ("flaky", "2", "500"), ("flaky", "3", "200")] * 3
        + [("signups", "1", "200")] * 2
    )
    assert sorted(lines) == sorted(expected)
    assert "10 of 10 deliveries in 16 attempts, every signature verified." in shown


async def test_it_can_be_played_again_on_what_it_left() -> None:
    api = FakeApi()
    first = await played(api)
    urls = {endpoint["url"] for endpoint in api.endpoints.values()}

    second = await played(api)

    for shown in (first, second):
        assert "10 of 10 deliveries in 16 attempts" in shown
    assert len(api.endpoints) == len(ENDPOINTS)
    # The receiver was another one, on another port.
    assert urls.isdisjoint(endpoint["url"] for endpoint in api.endpoints.values())


async def test_messages_go_to_the_endpoints_that_want_their_type() -> None:
    api = FakeApi()
    async with api.client() as client:
        expected = await Scenario(client).post_messages()

    per_endpoint = {e.name: sum(name == e.name for _, name in expected) for e in ENDPOINTS}
    assert len(MESSAGES) == 5
    assert per_endpoint == {"healthy": 5, "flaky": 3, "signups": 2}


async def test_an_answer_that_the_demo_cannot_use_is_told() -> None:
    async def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"detail": "no such key"})

    transport = httpx.MockTransport(refuse)
    async with httpx.AsyncClient(base_url="http://api", transport=transport) as client:
        with pytest.raises(DemoFailed, match=r"POST /app was answered 401: .*no such key"):
            await Scenario(client).set_up("http://receiver", lambda *_: None)


async def posted(receiver: DemoReceiver, path: str, **changes: str) -> int:
    port = await receiver.open()
    try:
        message_id = format_id(MESSAGE, IdMaker(time.time_ns, lambda bits: 0)())
        headers = dict(signature_headers([SigningSecret(b"k" * 32)], message_id, 1_000, b"{}"))
        async with httpx.AsyncClient(trust_env=False) as client:
            url = f"http://127.0.0.1:{port}/{path}"
            answer = await client.post(url, content=b"{}", headers=headers | changes)
            return answer.status_code
    finally:
        await receiver.close()


def receiver(arrivals: list[Arrival], *, now_s: int = 1_000) -> DemoReceiver:
    made = DemoReceiver({}, clock_ms=lambda: now_s * 1_000, on_arrival=arrivals.append)
    made.trust("healthy", SigningSecret(b"k" * 32))
    return made


async def test_a_forged_or_old_request_is_refused_and_shown_as_wrong() -> None:
    arrivals: list[Arrival] = []

    forged = {"webhook-signature": "v1,AAAA"}
    assert await posted(receiver(arrivals), "healthy", **forged) == 401
    assert await posted(receiver(arrivals, now_s=10_000), "healthy") == 401
    assert await posted(receiver(arrivals), "healthy") == 200

    assert [arrival.verified for arrival in arrivals] == [False, False, True]


async def test_what_is_no_webhook_of_the_demo_is_not_shown() -> None:
    arrivals: list[Arrival] = []

    assert await posted(receiver(arrivals), "elsewhere") == 404
    assert await posted(receiver(arrivals), "healthy", **{"webhook-id": "unknown"}) == 404

    assert arrivals == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"POST /healthy HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /healthy HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"x" * 200_000,
    ],
)
async def test_a_broken_request_costs_only_its_connection(request_bytes: bytes) -> None:
    arrivals: list[Arrival] = []
    broken = receiver(arrivals)
    port = await broken.open()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_bytes)
        async with asyncio.timeout(5):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
    finally:
        await broken.close()
    assert arrivals == []
