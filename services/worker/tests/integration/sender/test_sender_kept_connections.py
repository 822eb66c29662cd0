"""What kept connections cost, and that what they cost together is bounded."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from angarium_worker.adapters.destinations.dialing.origin import KEPT_BYTES_PLAIN, KEPT_BYTES_TLS
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import SenderLimits

from .receivers import Behaviour, Certificates, MakePost, MakeSender, Receiver, StartReceiver

# As long as what is kept of an answer, which an idle connection must not hold on to.
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 16384\r\n\r\n" + b"x" * 16_384
PROGRAM = Path(__file__).with_name("kept_connections.py")
# 10,000 endpoints are to cost at most 64 MB.
BYTES_EACH_MAX = 64_000_000 / 10_000
IDLE_CPU_S_MAX = 0.01


def answers(receiver: Receiver) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await receiver.read_request(reader)
            writer.write(OK)

    return behave


async def measured(receiver: Receiver, count: int, *arguments: str) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), str(receiver.port), str(count), *arguments,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0
    result: dict[str, float] = json.loads(output)
    return result


async def test_two_thousand_kept_connections_cost_little_memory_and_no_cpu(
    receive: StartReceiver,
) -> None:
    receiver = await receive(answers)
    result = await measured(receiver, 2_000)
    assert result["kept"] == 2_000
    assert result["bytes_each"] <= min(BYTES_EACH_MAX, KEPT_BYTES_PLAIN)
    assert result["idle_cpu_s"] <= IDLE_CPU_S_MAX


async def test_a_kept_connection_with_tls_costs_no_more_than_it_is_counted_for(
    receive: StartReceiver, certificates: Certificates
) -> None:
    receiver = await receive(answers, ssl=certificates.server())
    result = await measured(receiver, 400, str(certificates.ca_file))
    assert result["kept"] == 400
    assert result["bytes_each"] <= KEPT_BYTES_TLS
    assert result["idle_cpu_s"] <= IDLE_CPU_S_MAX


@pytest.mark.parametrize("tls", [False, True])
async def test_beyond_the_bytes_for_kept_connections_the_longest_idle_are_closed(
    receive: StartReceiver,
    make_sender: MakeSender,
    post: MakePost,
    certificates: Certificates,
    tls: bool,
) -> None:
    each = KEPT_BYTES_TLS if tls else KEPT_BYTES_PLAIN
    receiver = await receive(answers, ssl=certificates.server() if tls else None)
    sender = make_sender(
        tls=client_tls_context(certificates.ca_file),
        lookup=lambda _: ["127.0.0.1"],
        limits=SenderLimits(kept_bytes_max=3 * each),
    )
    scheme = "https" if tls else "http"
    urls = [f"{scheme}://e{number}.hooks.example:{receiver.port}/" for number in range(5)]
    for url in urls:
        assert (await sender.send(post(url))).response_status == 200
    assert (sender.connections_idle, sender.connections_open) == (3, 3)
    reused = [(await sender.send(post(url))).connection_reused for url in reversed(urls)]
    assert reused == [True, True, True, False, False]
    assert sender.connections_idle == 3
