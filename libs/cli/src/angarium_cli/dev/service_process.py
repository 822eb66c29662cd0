"""One of the three services as a child process."""

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from angarium_cli.dev.member import StartFailed
from angarium_cli.dev.output_lines import LineSplitter
from angarium_cli.dev.process_end import describe_end

LAST_LINES_MAX = 10
_READ_BYTES = 64 * 1024
_POLL_S = 0.02
_OUTPUT_TIMEOUT_S = 2.0


class ServiceProcess:
    """A `Member`. Its program first loads, and runs once it gets a line on standard input.

    It is in a session of its own: Ctrl-C in the terminal reaches only the supervisor, which
    decides the order of the end. `ready` says what is missing until it can work, then None.
    `write_line` gets each line that it writes.
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
        """Start it and wait until it is ready. Raises StartFailed; then it does not run."""
        await self.load()
        await self.run()

    async def load(self) -> None:
        """Start the process; its program waits for `run`. Raises StartFailed."""
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
        """Wait until the process has ended; says how."""
        if self._process is None:
            return "it was not started"
        return_code = await self._process.wait()
        await self._await_output()
        return describe_end(return_code)

    async def stop(self) -> bool:
        """SIGTERM, and SIGKILL to its whole session when it takes too long."""
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
        """Wait for the rest of the output; a grandchild may hold the pipe open for longer."""
        if self._output is not None:
            _, late = await asyncio.wait({self._output}, timeout=_OUTPUT_TIMEOUT_S)
            for task in late:
                task.cancel()
