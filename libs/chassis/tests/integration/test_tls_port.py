"""A port with TLS: requests over it, its certificate renewed while it is open, and its bounds."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvloop
from angarium_chassis.http_server.limits import HttpLimits
from angarium_chassis.internal_http import bind, serve_http
from angarium_chassis.tls.certificate_files import CertificateFiles, SettingNames
from angarium_chassis.tls.server_certificate import ServerCertificate
from cryptography import x509

NAMES = SettingNames("CERTIFICATE", "KEY", "PASSWORD")
REQUEST = b"GET /a HTTP/1.1\r\nhost: localhost\r\n\r\n"


@dataclass
class Files:
    """A certificate for localhost in two files."""

    folder: Path
    authority: trustme.CA

    @property
    def files(self) -> CertificateFiles:
        return CertificateFiles(self.folder / "tls.crt", self.folder / "tls.key")

    def write(self, **options: Any) -> str:
        """Issue a certificate. Gives its serial number as a client sees it."""
        issued = self.authority.issue_cert("localhost", **options)
        issued.cert_chain_pems[0].write_to_path(self.folder / "tls.crt")
        issued.private_key_pem.write_to_path(self.folder / "tls.key")
        return serial_of(issued.cert_chain_pems[0].bytes())

    def client(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


def serial_of(pem: bytes) -> str:
    return f"{x509.load_pem_x509_certificate(pem).serial_number:X}"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path, trustme.CA())


async def echo(scope: Any, receive: Any, send: Any) -> None:
    received = 0
    while True:
        message = await receive()
        received += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    seen = [scope["scheme"], scope["path"], scope["client"][0], received]
    body = json.dumps(seen).encode() + b" " * received
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def served(
    certificate: ServerCertificate, limits: HttpLimits | None = None
) -> AsyncIterator[int]:
    listener = bind("127.0.0.1", 0)
    port: int = listener.getsockname()[1]
    serving = asyncio.create_task(
        serve_http(echo, listener, limits or HttpLimits(), certificate.context)
    )
    try:
        yield port
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def connect(port: int, context: ssl.SSLContext | None) -> Any:
    return await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost" if context else None
    )


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return head, await reader.readexactly(size)


async def test_requests_pass_on_one_connection(files: Files) -> None:
    files.write()
    async with served(ServerCertificate(files.files, NAMES)) as port:
        reader, writer = await connect(port, files.client())
        for _ in range(3):
            writer.write(REQUEST)
            head, body = await answer(reader)
            assert head.startswith(b"HTTP/1.1 200")
            assert json.loads(body) == ["https", "/a", "127.0.0.1", 0]
        writer.close()


async def test_large_bodies_pass_in_both_directions(files: Files) -> None:
    files.write()
    async with served(ServerCertificate(files.files, NAMES)) as port:
        reader, writer = await connect(port, files.client())
        writer.write(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3000000\r\n\r\n")
        writer.write(b"a" * 3_000_000)
        _, body = await answer(reader)

        assert json.loads(body)[-1] == 3_000_000
        assert len(body) > 3_000_000
        writer.close()


async def test_new_connections_get_a_renewed_certificate(files: Files) -> None:
    first = files.write()
    certificate = ServerCertificate(files.files, NAMES)
    async with served(certificate) as port:
        reader, writer = await connect(port, files.client())
        assert not certificate.reload_if_changed()

        second = files.write()
        assert certificate.reload_if_changed()

        _, renewed = await connect(port, files.client())
        seen = [
            each.get_extra_info("ssl_object").getpeercert()["serialNumber"]
            for each in (writer, renewed)
        ]
        assert [each.lstrip("0") for each in seen] == [first.lstrip("0"), second.lstrip("0")]
        # The connection that was open goes on.
        writer.write(REQUEST)
        assert (await answer(reader))[0].startswith(b"HTTP/1.1 200")
        writer.close()
        renewed.close()


async def test_a_renewed_certificate_that_cannot_be_used_leaves_the_previous_one(
    files: Files,
) -> None:
    files.write()
    certificate = ServerCertificate(files.files, NAMES)
    files.write(not_after=datetime.now(UTC) - timedelta(days=1))
    assert not certificate.reload_if_changed()
    (files.folder / "tls.key").unlink()
    assert not certificate.reload_if_changed()

    async with served(certificate) as port:
        reader, writer = await connect(port, files.client())
        writer.write(REQUEST)
        assert (await answer(reader))[0].startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_client_without_tls_gets_no_answer(files: Files) -> None:
    files.write()
    async with served(ServerCertificate(files.files, NAMES)) as port:
        reader, writer = await connect(port, None)
        writer.write(REQUEST)
        assert b"HTTP" not in await read_to_end(reader)
        writer.close()


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_unfinished_handshakes_count_as_connections_and_have_a_time_limit(
    files: Files,
) -> None:
    files.write()
    limits = HttpLimits(connections_max=2, header_timeout_s=0.3)
    async with served(ServerCertificate(files.files, NAMES), limits) as port:
        idle = [await connect(port, None) for _ in range(3)]
        ends = [await read_to_end(reader) for reader, _ in idle]

        assert ends == [b"", b"", b""]
        # Once they have ended, there is room again.
        reader, writer = await connect(port, files.client())
        writer.write(REQUEST)
        assert (await answer(reader))[0].startswith(b"HTTP/1.1 200")
        for _, each in [*idle, (reader, writer)]:
            each.close()


async def test_a_refused_request_is_answered_and_its_connection_ends(files: Files) -> None:
    files.write()
    async with served(ServerCertificate(files.files, NAMES)) as port:
        reader, writer = await connect(port, files.client())
        writer.write(b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n")

        assert (await answer(reader))[0].startswith(b"HTTP/1.1 414")
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(
    "scenario",
    [
        test_requests_pass_on_one_connection,
        test_large_bodies_pass_in_both_directions,
        test_new_connections_get_a_renewed_certificate,
        test_a_client_without_tls_gets_no_answer,
        test_unfinished_handshakes_count_as_connections_and_have_a_time_limit,
        test_a_refused_request_is_answered_and_its_connection_ends,
    ],
)
def test_the_same_on_the_loop_of_the_services(
    files: Files, scenario: Callable[[Files], Coroutine[Any, Any, None]]
) -> None:
    uvloop.run(scenario(files))
