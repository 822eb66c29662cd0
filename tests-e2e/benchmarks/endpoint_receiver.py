"""The receiver of many endpoints (many_endpoints.py) as a process that takes commands."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from arrivals import Arrivals
from failure import BenchmarkFailed
from many_endpoints import Behaviour
from tools import end

_PROGRAM = Path(__file__).parent / "many_endpoints.py"
_ANSWER_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0


class Answer(msgspec.Struct):
    """What the receiver says after each command; see many_endpoints."""

    now_ns: int
    arrived: int
    delivered: int
    connected: int = 0
    reached: bool = False


class _Started(msgspec.Struct):
    port: int


class EndpointReceiver:
    """A running receiver; one command at a time."""

    def __init__(self, process: asyncio.subprocess.Process, origin: str) -> None:
        self._process = process
        self._origin = origin
        self.pid = process.pid

    def url(self, endpoint: int) -> str:
        return f"{self._origin}/{endpoint}"

    async def behave(self, behaviour: Behaviour) -> int:
        """From now on; gives the time, in CLOCK_MONOTONIC nanoseconds."""
        return (await self._command({"do": "behave", "as": behaviour})).now_ns

    async def connected(self) -> int:
        """The number of connections that were opened since it runs."""
        command = {"do": "wait", "delivered": 0, "timeout_s": 0.0}
        return (await self._command(command)).connected

    async def wait_for(self, delivered: int, timeout_s: float) -> bool:
        """Whether so many deliveries were answered with 200, after waiting for them."""
        command = {"do": "wait", "delivered": delivered, "timeout_s": timeout_s}
        return (await self._command(command, timeout_s)).reached

    async def hand_over(self, folder: Path) -> Arrivals:
        """All arrivals since the last time."""
        path = folder / f"arrivals-{self.pid}"
        await self._command({"do": "hand_over", "file": str(path)})
        arrivals = Arrivals.read(path)
        path.unlink()
        return arrivals

    async def _command(self, command: dict[str, object], longer_s: float = 0.0) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(msgspec.json.encode(command) + b"\n")
            async with asyncio.timeout(_ANSWER_TIMEOUT_S + longer_s):
                line = await self._process.stdout.readline()
            return msgspec.json.decode(line, type=Answer)
        except (TimeoutError, OSError, msgspec.DecodeError) as error:
            raise BenchmarkFailed("the receiver of many endpoints does not answer") from error


@asynccontextmanager
async def running_endpoints(certificate: Path | None = None) -> AsyncIterator[EndpointReceiver]:
    """A receiver of its own, ended at the end. With a certificate for 127.0.0.1, a PEM file with
    its key, it takes TLS only."""
    options = [] if certificate is None else ["--certificate", str(certificate)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(_PROGRAM),
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_ANSWER_TIMEOUT_S):
            line = await process.stdout.readline()
        if not line:
            raise BenchmarkFailed("the receiver did not start; its error stands above")
        port = msgspec.json.decode(line, type=_Started).port
        scheme = "http" if certificate is None else "https"
        yield EndpointReceiver(process, f"{scheme}://127.0.0.1:{port}")
    finally:
        await end(process, signal.SIGTERM, _STOP_TIMEOUT_S)
