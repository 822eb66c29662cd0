"""The measuring tools as processes of their own: receiver, load generator, yardstick."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from failure import BenchmarkFailed

_HERE = Path(__file__).parent
_RECEIVER = _HERE.parent / "receiver" / "receiver.py"
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 20.0
_MARGIN_S = 60.0
_PAGES_TIMEOUT_S = 900.0
_ENTRIES_PER_QUERY = 100_000
_LINE_BYTES_MAX = 1024 * 1024


class Accepted(msgspec.Struct, gc=False):
    """A line of the load generator's file: an accepted message, fields as in load."""

    id: str
    due_ns: int
    sent_ns: int
    answered_ns: int
    number: int = 0


class Received(msgspec.Struct, gc=False):
    """What the ledger's entries tell of a webhook."""

    id: str
    times: int
    first_ns: int


class ReceiverProcess:
    """The running receiver and its ledger."""

    def __init__(self, pid: int, port: int, client: httpx.AsyncClient) -> None:
        self.pid = pid
        self.url = f"http://127.0.0.1:{port}"
        self._client = client

    async def clear(self) -> None:
        (await self._client.delete("/ledger")).raise_for_status()

    async def wait_for(self, distinct: int, timeout_s: float) -> bool:
        """Whether so many webhooks were received, after waiting for them."""
        answer = await self._client.get(
            f"/ledger/wait/{distinct}/{int(timeout_s * 1000)}", timeout=timeout_s + 10
        )
        return answer.status_code == 200

    async def entries(self) -> list[Received]:
        """All webhooks received since the last clear."""
        decoder = msgspec.json.Decoder(list[Received])
        entries: list[Received] = []
        while True:
            answer = await self._client.get(f"/ledger/entries/{len(entries)}/{_ENTRIES_PER_QUERY}")
            page = decoder.decode(answer.content)
            entries += page
            if len(page) < _ENTRIES_PER_QUERY:
                return entries


@asynccontextmanager
async def running_receiver() -> AsyncIterator[ReceiverProcess]:
    """A receiver of its own, ended at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(_RECEIVER), "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_START_TIMEOUT_S):
            line = await process.stdout.readline()
        if not line:
            raise BenchmarkFailed("the receiver did not start; its error stands above")
        started = msgspec.json.decode(line)
        url = f"http://127.0.0.1:{started['port']}"
        async with httpx.AsyncClient(base_url=url, timeout=_MARGIN_S) as client:
            yield ReceiverProcess(process.pid, started["port"], client)
    finally:
        await end(process, signal.SIGTERM, _STOP_TIMEOUT_S)


async def run_load(
    url: str,
    paths: Sequence[str],
    token: str,
    *,
    seconds: float,
    connections: int,
    body_bytes: int,
    folder: Path,
    rate: float | None = None,
    count: int | None = None,
    batch: int | None = None,
    labelled: bool = False,
    envelope: Mapping[str, object] | None = None,
) -> tuple[dict[str, Any], list[Accepted]]:
    """The load generator's summary (see load.py) and the accepted messages.

    Requests go to the paths in turn, for `seconds` or until they are `count`; each posts `batch`
    messages where that is given. `labelled` ones have tags and a channel; `envelope` is the message
    of another API (see event_body). One load at a time in a folder.
    """
    out, paths_file = folder / "accepted.jsonl", folder / "paths"
    paths_file.write_text("\n".join(paths))
    arguments = ["--url", url, "--paths-file", str(paths_file)]
    arguments += ["--seconds", str(seconds), "--out", str(out)]
    arguments += ["--connections", str(connections), "--body-bytes", str(body_bytes)]
    if rate is not None:
        arguments += ["--rate", str(rate)]
    if count is not None:
        arguments += ["--count", str(count)]
    if batch is not None:
        arguments += ["--batch", str(batch)]
    if labelled:
        arguments.append("--labelled")
    if envelope is not None:
        arguments += ["--envelope", msgspec.json.encode(envelope).decode()]
    summary = await _run("load.py", arguments, seconds + _MARGIN_S, {"ANGARIUM_TOKEN": token})
    decoder = msgspec.json.Decoder(Accepted)
    with out.open("rb") as lines:
        return summary, [decoder.decode(line) for line in lines]


class Yardstick(msgspec.Struct):
    """The bare aiohttp loop: posts a second, and CPU time of its process for each."""

    rate: float
    cpu_us: float


async def run_yardstick(
    url: str, *, seconds: float, connections: int, body_bytes: int
) -> Yardstick:
    """Run the bare aiohttp loop for so long."""
    arguments = ["--url", url, "--seconds", str(seconds)]
    arguments += ["--connections", str(connections), "--body-bytes", str(body_bytes)]
    measured = await _run("yardstick.py", arguments, seconds + _MARGIN_S, {})
    return msgspec.convert(measured, Yardstick)


async def run_first_pages(url: str, token: str) -> dict[str, list[dict[str, float]]]:
    """Size and time of the first pages in a browser; see tests-e2e/browser/first_pages.py."""
    command = ["-m", "tests-e2e.browser.first_pages", "--url", url]
    environment = {"ANGARIUM_TOKEN": token, "PYTHONPATH": str(_HERE.parents[1])}
    return await _output("first_pages", command, _PAGES_TIMEOUT_S, environment)


async def _run(
    program: str, arguments: list[str], timeout_s: float, environment: dict[str, str]
) -> dict[str, Any]:
    return await _output(program, [str(_HERE / program), *arguments], timeout_s, environment)


async def _output(
    name: str, command: list[str], timeout_s: float, environment: dict[str, str]
) -> dict[str, Any]:
    """The JSON in the last line that a Python program prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | environment,
        limit=_LINE_BYTES_MAX,
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, _ = await process.communicate()
    except TimeoutError:
        raise BenchmarkFailed(f"{name} did not end within {timeout_s:g} s") from None
    finally:
        await end(process, signal.SIGTERM, _STOP_TIMEOUT_S)
    if process.returncode != 0:
        raise BenchmarkFailed(f"{name} ended with {process.returncode}; its error stands above")
    result: dict[str, Any] = msgspec.json.decode(output.splitlines()[-1])
    return result


async def end(process: asyncio.subprocess.Process, number: signal.Signals, wait_s: float) -> None:
    """Ask a child process to end, then kill it; harmless if it has ended."""
    if process.returncode is not None:
        return
    process.send_signal(number)
    try:
        async with asyncio.timeout(wait_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
