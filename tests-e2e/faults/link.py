"""A TCP connection between two parts of the platform that the suite can cut or slow."""

import asyncio
from contextlib import suppress
from enum import Enum, auto

_CHUNK_BYTES = 64 * 1024
_DIAL_TIMEOUT_S = 5.0


class State(Enum):
    """What a link does with what passes."""

    OPEN = auto()
    CUT = auto()
    """Connections are reset, new ones refused."""
    HALF_OPEN = auto()
    """Connections stay and new ones are taken, but no byte gets through in either direction."""


class Link:
    """Listens on a port of its own and passes on to `target`. Used from one event loop.

    `delay_s` holds up what goes towards the target: a command through it takes so much longer.
    """

    def __init__(self, name: str, target: tuple[str, int]) -> None:
        self.name = name
        self.port = 0
        self._target = target
        self._state = State.OPEN
        self._delay_s = 0.0
        self._passing = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._passing.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        self._reset()
        if self._server is not None:
            self._server.close()

    async def become(self, state: State, *, delay_s: float = 0.0) -> None:
        """Treat connections, the present ones too, as `state` says from now on."""
        was, self._state, self._delay_s = self._state, state, delay_s
        if state is State.HALF_OPEN:
            self._passing.clear()
        else:
            self._passing.set()
        # What got stuck half open is lost: no real network brings it hours later.
        if state is State.CUT or was is State.HALF_OPEN:
            self._reset()
        if self._server is not None:
            if state is State.CUT:
                self._server.close()
                self._server = None
        elif state is not State.CUT:
            await self.start()
            if state is State.HALF_OPEN:
                self._passing.clear()

    async def retarget(self, target: tuple[str, int]) -> None:
        """Pass on to another target from now on, and reset the present connections."""
        self._target = target
        self._reset()

    def _reset(self) -> None:
        for writer in tuple(self._open):
            writer.transport.abort()
        self._open.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await self._passing.wait()
            async with asyncio.timeout(_DIAL_TIMEOUT_S):
                far_reader, far_writer = await asyncio.open_connection(*self._target)
        except (OSError, TimeoutError):
            self._end(writer)
            return
        self._open.add(far_writer)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, far_writer, slowed=True))
                both.create_task(self._pump(far_reader, writer, slowed=False))
        except* OSError:
            pass
        finally:
            self._end(writer)
            self._end(far_writer)

    def _end(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        with suppress(OSError, RuntimeError):
            writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slowed: bool
    ) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            await self._passing.wait()
            if slowed and self._delay_s:
                await asyncio.sleep(self._delay_s)
            writer.write(data)
            await writer.drain()
        # The other direction has nothing more to say to a peer that left.
        writer.close()
