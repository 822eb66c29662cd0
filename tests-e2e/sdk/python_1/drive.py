"""The Python SDK of the first generation drives a platform, synchronously and asynchronously.

A program of its own: the tests have the second generation installed, which has the same name.
PLATFORM_URL and PLATFORM_KEY name the platform.
"""

import asyncio
import inspect
import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
from svix.api import Svix, SvixAsync, SvixOptions
from svix.api.application import ApplicationCreateOptions, ApplicationListOptions
from svix.api.message import MessageCreateOptions
from svix.exceptions import HttpError
from svix.models import (
    ApplicationIn,
    ApplicationPatch,
    AppPortalAccessIn,
    EndpointHeadersIn,
    EndpointIn,
    EndpointPatch,
    EndpointSecretRotateIn,
    EndpointUpdate,
    EventTypeIn,
    EventTypeUpdate,
    MessageIn,
    RecoverIn,
)
from svix.webhooks import Webhook, WebhookVerificationError

WEBHOOK_TIMEOUT_S = 30.0

type Call = Callable[..., Any]
type Received = tuple[dict[str, str], bytes]


@contextmanager
def receiver() -> Iterator[tuple[str, "queue.Queue[Received]"]]:
    """A server that answers 204, its URL, and the requests that it got."""
    received: queue.Queue[Received] = queue.Queue()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.put((dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Nothing: requests are no output of the test."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", received
        finally:
            server.shutdown()
            serving.join()


async def drive(svix: Svix | SvixAsync) -> None:
    """The main surface, through either client."""

    async def call(method: Call, *arguments: Any) -> Any:
        """Call a method of the client, away from this loop if it blocks."""
        if inspect.iscoroutinefunction(method):
            return await method(*arguments)
        return await asyncio.to_thread(method, *arguments)

    async def refused(status: int, method: Call, *arguments: Any) -> None:
        answer = None
        try:
            await call(method, *arguments)
        except HttpError as error:
            answer = error.status_code, bool(error.detail)
        assert answer == (status, True), answer

    uid, kind = f"first-{uuid4().hex}", f"first.{uuid4().hex}"
    await call(svix.event_type.create, EventTypeIn(name=kind, description="old"))
    changed = await call(svix.event_type.update, kind, EventTypeUpdate(description="new"))
    assert (changed.name, changed.description) == (kind, "new")
    await refused(409, svix.event_type.create, EventTypeIn(name=kind, description="again"))

    made = ApplicationIn(name="First", uid=uid, rate_limit=1000)
    app = await call(svix.application.create, made, ApplicationCreateOptions(idempotency_key=uid))
    again = await call(svix.application.create, made, ApplicationCreateOptions(idempotency_key=uid))
    assert (app.id, app.rate_limit, app.uid) == (again.id, 1000, uid)
    assert (await call(svix.application.get_or_create, made)).id == app.id
    patched = await call(svix.application.patch, uid, ApplicationPatch(name="Second"))
    assert patched.name == (await call(svix.application.get, app.id)).name == "Second"
    first = await call(svix.application.list, ApplicationListOptions(limit=1))
    assert len(first.data) == 1

    with receiver() as (url, received):
        new = EndpointIn(url=url, filter_types=[kind], rate_limit=500, version=1)
        hook = await call(svix.endpoint.create, app.id, new)
        assert (hook.filter_types, hook.rate_limit) == ([kind], 500)
        one = app.id, hook.id
        assert (await call(svix.endpoint.patch, *one, EndpointPatch(description="d"))).url == url
        update = EndpointUpdate(url=url, filter_types=[kind], description="e")
        assert (await call(svix.endpoint.update, *one, update)).description == "e"
        headers = EndpointHeadersIn(headers={"X-First": "1"})
        await call(svix.endpoint.update_headers, *one, headers)
        assert (await call(svix.endpoint.get_headers, *one)).headers == {"X-First": "1"}
        await call(svix.endpoint.rotate_secret, *one, EndpointSecretRotateIn())
        secret = (await call(svix.endpoint.get_secret, *one)).key
        assert [each.id for each in (await call(svix.endpoint.list, app.id)).data] == [hook.id]

        message = MessageIn(event_type=kind, payload={"a": "ä"}, event_id=f"e-{uid}")
        options = MessageCreateOptions(idempotency_key=f"m-{uid}")
        sent = await call(svix.message.create, app.id, message, options)
        repeated = await call(svix.message.create, app.id, message, options)
        assert sent.id == repeated.id
        got, body = await asyncio.to_thread(received.get, timeout=WEBHOOK_TIMEOUT_S)
        assert Webhook(secret).verify(body, got) == {"a": "ä"}
        assert {name.lower(): value for name, value in got.items()}["x-first"] == "1"
        is_refused = False
        try:
            Webhook(secret).verify(body + b" ", got)
        except WebhookVerificationError:
            is_refused = True
        assert is_refused, "a changed body was verified"

        read = await call(svix.message.get, app.id, sent.id)
        assert (read.payload, read.event_id) == ({"a": "ä"}, f"e-{uid}")
        assert sent.id in [each.id for each in (await call(svix.message.list, app.id)).data]
        await call(svix.message_attempt.resend, app.id, sent.id, hook.id)
        await asyncio.to_thread(received.get, timeout=WEBHOOK_TIMEOUT_S)
        recover = RecoverIn(since=sent.timestamp)
        assert (await call(svix.endpoint.recover, *one, recover)).task == "endpoint.recover"
        await call(svix.endpoint.get_stats, *one)
        await call(svix.message_attempt.list_by_msg, app.id, sent.id)
        await call(svix.message_attempt.list_by_endpoint, app.id, hook.id)

        portal = await call(svix.authentication.app_portal_access, app.id, AppPortalAccessIn())
        assert portal.token
        await call(svix.endpoint.delete, *one)
    await refused(404, svix.endpoint.get, *one)
    await call(svix.application.delete, uid)
    await refused(404, svix.application.get, uid)
    await call(svix.event_type.delete, kind)


def main() -> None:
    """Both clients, each against its own application."""
    key = os.environ["PLATFORM_KEY"]
    options = SvixOptions(server_url=os.environ["PLATFORM_URL"], retry_schedule=[])
    httpx.get(f"{options.server_url}/api/v1/health").raise_for_status()
    asyncio.run(drive(Svix(key, options)))
    asyncio.run(drive(SvixAsync(key, options)))


if __name__ == "__main__":
    main()
