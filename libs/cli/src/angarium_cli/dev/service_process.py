"""A service as a child process."""

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from angarium_cli.dev.supervisor import StartFailed
from angarium_cli.process_end import describe_end

LINE_BYTES_MAX = 16 * 1024
LAST_LINES_MAX = 10
_READ_BYTES = 64 * 1024
_POLL_S = 0.02
_OUTPUT_TIMEOUT_S = 2.0


class LineSplitter:
    """Splits a stream of bytes into lines. Lines longer than 16 KiB are split as well."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes, without line ends."""
        *complete, self._rest = (self._rest + data).split(b"\n")
        lines = [piece for line in complete for piece in _pieces(line)]
        if len(self._rest) > LINE_BYTES_MAX:
            *long, self._rest = _pieces(self._rest)
            lines += long
        return [line.decode(errors="replace").rstrip("\r") for line in lines]

    def end(self) -> list[str]:
        """The last line, if it was not completed."""
        rest, self._rest = self._rest, b""
        return [rest.decode(errors="replace")] if rest else []


def _pieces(line: bytes) -> list[bytes]:
    return [line[at : at + LINE_BYTES_MAX] for at in range(0, len(line), LINE_BYTES_MAX)] or [b""]


class ServiceProcess:
    """A service as a `Member`. Its program first loads, and runs once it reads a line.

    It has a session of its own, so that Ctrl-C in the terminal reaches only the supervisor, which
    decides the order of stops. `ready` gives the reason why the service is not ready, None once it
    is. `write_line` is called with the name and each line that the service writes.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        ready: Callable[[], Awaitable[str | None]],
        write_line: Callable[[str, str], None],
        stop_timeout_s: float,
        start_timeout_s: float = 60.0,
    ) -> None:
        self._name = name
        self._command = command
        self._environment = environment
        self._ready = ready
        self._write_line = write_line
        self._stop_timeout_s = stop_timeout_s
        self._start_timeout_s = start_timeout_s
        self._process: asyncio.subprocess.Process | None = None
        self._output: asyncio.Task[None] | None = None
        self._lines: deque[str] = deque(maxlen=LAST_LINES_MAX)

    @property
    def name(self) -> str:
        return self._name

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start the service and wait until it is ready. Raises StartFailed, having ended it."""
        await self.load()
        await self.run()

    async def load(self) -> None:
        """Start the process, whose program waits for `run`. Raises StartFailed."""
        self._lines.clear()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
                umask=0o077,
            )
        except OSError as error:
            raise StartFailed(f"{self._name} could not be started: {error}") from error
        self._output = asyncio.create_task(self._pass_output_on(self._process))

    async def run(self) -> None:
        """Let the loaded program run, and wait until it is ready. Raises StartFailed."""
        process = self._process
        if process is None or process.stdin is None:
            raise StartFailed(f"{self._name} is not loaded")
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(b"run\n")
            await process.stdin.drain()
        process.stdin.close()
        problem: str | None = "it is starting"
        try:
            async with asyncio.timeout(self._start_timeout_s):
                while (problem := await self._ready()) is not None:
                    if process.returncode is not None:
                        raise StartFailed(await self._why_not_started())
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            await self.stop()
            raise StartFailed(
                f"{self._name} was not ready after {self._start_timeout_s:g} s: {problem}"
            ) from None

    async def ended(self) -> str:
        """Wait until the process has ended; describes the end."""
        if self._process is None:
            return "it was not started"
        return_code = await self._process.wait()
        await self._await_output()
        return describe_end(return_code)

    async def stop(self) -> bool:
        """Send SIGTERM, and SIGKILL to its whole session after the time-out."""
        process = self._process
        if process is None:
            return True
        in_order = True
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(self._stop_timeout_s):
                    await process.wait()
            except TimeoutError:
                in_order = False
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, 9)
                await process.wait()
        await self._await_output()
        return in_order

    async def _why_not_started(self) -> str:
        how = await self.ended()
        last = self._lines[-1].removeprefix("angarium: ") if self._lines else "it wrote nothing"
        return f"{self._name} ended while starting with {how}: {last}"

    def last_lines(self) -> list[str]:
        return list(self._lines)

    async def _pass_output_on(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        splitter = LineSplitter()
        while data := await process.stdout.read(_READ_BYTES):
            self._take(splitter.feed(data))
        self._take(splitter.end())

    def _take(self, lines: list[str]) -> None:
        self._lines.extend(line for line in lines if line.strip())
        for line in lines:
            self._write_line(self._name, line)

    async def _await_output(self) -> None:
        """Wait for the rest of the output, but not for a grandchild that holds the pipe open."""
        if self._output is not None:
            _, late = await asyncio.wait({self._output}, timeout=_OUTPUT_TIMEOUT_S)
            for task in late:
                task.cancel()
