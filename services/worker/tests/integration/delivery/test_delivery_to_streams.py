"""Endpoints that are streams, through a real worker."""

import asyncio
import json
import re
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from angarium_contracts.attempts import AttemptStatus
from angarium_contracts.ids import MESSAGE, format_id
from angarium_signing import SigningSecret, verify

from .conftest import SECRET

REPOSITORY = Path(__file__).parents[5]
PASSWORD = "hunter2-of-the-customer"
EAGER = ",".join(["50ms"] * 50)


def _stream_url(platform: Any, stream: str) -> str:
    port = platform.redis.connection_pool.connection_kwargs["port"]
    return f"redis+stream://127.0.0.1:{port}/0/{stream}?maxlen=1000"


@pytest.fixture
async def user(platform: Any) -> Any:
    """A user who may append to streams of customers, and do nothing else."""
    await platform.redis.acl_setuser(
        "customer",
        enabled=True,
        passwords=[f"+{PASSWORD}"],
        keys=["customer:*"],
        commands=["+xadd", "+select"],
    )
    yield "customer"
    await platform.redis.acl_deluser("customer")


def _endpoint(platform: Any, user: str) -> bytes:
    """An endpoint whose user and password are its encrypted header."""
    basic = b64encode(f"{user}:{PASSWORD}".encode()).decode()
    endpoint = platform.add_endpoint("/", url=_stream_url(platform, "customer:orders"))
    headers = json.dumps({"Authorization": f"Basic {basic}"}).encode()
    state = platform.dispatcher.endpoints[endpoint]
    platform.dispatcher.endpoints[endpoint] = type(state)(
        **{name: getattr(state, name) for name in state.__struct_fields__}
        | {"headers": platform.sealed(headers, endpoint)}
    )
    return bytes(endpoint)


async def test_a_message_is_retried_until_the_stream_takes_it_with_every_attempt_on_record(
    platform: Any, user: str
) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = _endpoint(platform, user)
    await platform.redis.set("customer:orders", "not a stream yet")
    platform.start_worker(stream_destinations=True, retry_schedule=EAGER)
    chunk = platform.chunk([endpoint])
    await platform.publish(chunk)
    await platform.until_rows(platform.attempts, lambda rows: len(rows) >= 2)
    await platform.redis.delete("customer:orders")

    def delivered(rows: list[Any]) -> bool:
        return bool(rows[-1].status == AttemptStatus.SUCCESS)

    *failed, last = await platform.until_rows(platform.attempts, delivered)
    assert [row.number for row in (*failed, last)] == list(range(1, len(failed) + 2))
    reasons = {row.failure for row in failed}
    assert reasons == {"stream_refused: WRONGTYPE: the key holds something that is not a stream"}
    ((entry_id, entry),) = await platform.redis.xrange("customer:orders")
    assert (last.response, last.response_status, last.failure) == (entry_id, 0, None)
    message = chunk.messages[0]
    headers = {name.decode(): value.decode() for name, value in entry.items()}
    assert headers["webhook-id"] == format_id(MESSAGE, message.id)
    assert headers["attempt"] == str(last.number)
    timestamp_s = int(headers["webhook-timestamp"])
    verify(headers, entry[b"payload"], [SigningSecret(b"s" * 24)], timestamp_s)
    assert PASSWORD not in f"{failed} {last} {entry}"
    assert await platform.until_rows(platform.pending, lambda rows: not rows) == []


async def test_a_wrong_password_is_on_record_without_the_password(platform: Any, user: str) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = _endpoint(platform, user)
    await platform.redis.acl_setuser(user, enabled=True, reset_passwords=True)
    platform.start_worker(stream_destinations=True, retry_schedule="1h")
    await platform.publish(platform.chunk([endpoint]))
    (row,) = await platform.until_rows(platform.attempts, bool)
    assert row.failure == "stream_refused: WRONGPASS: the user or the password is wrong"
    assert PASSWORD not in str(row)


async def test_without_the_operators_leave_nothing_goes_to_a_stream(
    platform: Any, user: str
) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = _endpoint(platform, user)
    platform.start_worker(retry_schedule="1h")
    await platform.publish(platform.chunk([endpoint]))
    (row,) = await platform.until_rows(platform.attempts, bool)
    assert row.failure.startswith("url_refused: ")
    assert await platform.redis.xlen("customer:orders") == 0


@asynccontextmanager
async def _tls_in_front(port: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """The port of a server that ends TLS and passes everything on; it is cut on exit."""
    pipes: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_redis, to_redis = await asyncio.open_connection("127.0.0.1", port)
        for source, sink in ((reader, to_redis), (from_redis, writer)):
            pipes.append(asyncio.create_task(_pipe(source, sink)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for pipe in pipes:
            pipe.cancel()
        await asyncio.gather(*pipes, return_exceptions=True)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()


async def test_a_stream_is_reached_through_tls_whose_certificate_is_checked(
    platform: Any, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    platform.start(platform.dispatcher.run())
    redis_port = platform.redis.connection_pool.connection_kwargs["port"]
    async with _tls_in_front(redis_port, context) as port:
        url = f"rediss+stream://127.0.0.1:{port}/0/orders"
        endpoint = platform.add_endpoint("/", url=url)
        stranger = platform.start_worker(stream_destinations=True, retry_schedule="50ms")
        await platform.publish(platform.chunk([endpoint]))
        refused = await platform.until_rows(platform.attempts, lambda rows: len(rows) == 2)
        await platform.stop(stranger)
        assert await platform.redis.xlen("orders") == 0
        ca_file = tmp_path / "authority.pem"
        platform.start_worker(stream_destinations=True, extra_ca_file=ca_file)
        await platform.publish(platform.chunk([endpoint]))
        *_, last = await platform.until_rows(platform.attempts, lambda rows: len(rows) == 3)
    assert {row.failure.split(":")[0] for row in refused} == {"certificate_not_trusted"}
    assert last.status == AttemptStatus.SUCCESS
    assert await platform.redis.xlen("orders") == 1


async def test_the_consumer_in_the_how_to_reads_verifies_and_acknowledges(platform: Any) -> None:
    page = (REPOSITORY / "docs/how-to/deliver-to-a-stream.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    for written, here in (
        ("rediss://consumer:secret@redis.example.com:6379/0", platform.redis_url),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SECRET),
    ):
        assert written in example
        example = example.replace(written, here)
    endpoint = platform.add_endpoint("/", url=_stream_url(platform, "orders"))
    platform.start(platform.dispatcher.run())
    platform.start_worker(stream_destinations=True)
    chunk = platform.chunk([endpoint])
    await platform.publish(chunk)
    await platform.until_settled(1)
    handled: list[tuple[str, Any]] = []

    class Handled(Exception):
        """Ends the endless loop of the example, at its second entry."""

    def handle_once(webhook_id: str, event: Any) -> None:
        if handled:
            raise Handled
        handled.append((webhook_id, event))

    await platform.publish(platform.chunk([endpoint]))
    await platform.until_settled(2)
    with pytest.raises(Handled):
        await asyncio.to_thread(exec, example, {"handle_once": handle_once})
    message = chunk.messages[0]
    assert handled == [(format_id(MESSAGE, message.id), json.loads(message.payload))]
    (waiting,) = await platform.redis.xpending_range("orders", "billing", "-", "+", 10)
    _, (second, _) = await platform.redis.xrange("orders")
    assert waiting["message_id"] == second
