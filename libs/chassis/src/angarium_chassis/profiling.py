"""Sampled profiles of the running process, for /profile of the internal port.

Imported only where ANGARIUM_PROFILING is on: pyinstrument costs memory even while nothing is
profiled.
"""

import asyncio
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from pyinstrument import Profiler
from pyinstrument.renderers import HTMLRenderer, SpeedscopeRenderer
from pyinstrument.session import Session

SECONDS_DEFAULT: Final = 5
SECONDS_MAX: Final = 60
INTERVAL_S: Final = 0.005
"""Between samples: 12,000 in the longest profile, so that its memory is bounded."""
_JSON: Final = "application/json"
_RENDERERS: Final[dict[str, tuple[str, type[Any]]]] = {
    "html": ("text/html; charset=utf-8", HTMLRenderer),
    "speedscope": (_JSON, SpeedscopeRenderer),
}


class Profiling:
    """Profiles the thread of the event loop, all tasks together, one profile at a time."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._busy = False

    async def answer(self, query: str, accept: str) -> tuple[int, str, bytes]:
        """The status, media type and body for a query such as `seconds=5&format=speedscope`.

        Without `format`, a client that asks for JSON gets the format of speedscope.app, and any
        other a page.
        """
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        seconds = _seconds(given.get("seconds", str(SECONDS_DEFAULT)))
        if seconds is None:
            return _problem(400, f"`seconds` must be a whole number from 1 to {SECONDS_MAX}.")
        form = given.get("format", "speedscope" if _JSON in accept else "html")
        if form not in _RENDERERS:
            return _problem(400, "`format` must be html or speedscope.")
        if self._busy:
            return _problem(409, "A profile is being taken. Try again when it is complete.")
        self._busy = True
        try:
            session = await self._sample(seconds)
            media_type, renderer = _RENDERERS[form]
            text: str = await asyncio.to_thread(renderer().render, session)
        finally:
            self._busy = False
        return 200, media_type, text.encode()

    async def _sample(self, seconds: int) -> Session:
        # In the other modes, only the task that answers would be seen.
        profiler = Profiler(interval=INTERVAL_S, async_mode="disabled")
        profiler.start(target_description=self._description)
        try:
            await asyncio.sleep(seconds)
        finally:
            session = profiler.stop()
        return session


def _seconds(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(SECONDS_MAX))):
        return None
    seconds = int(text)
    return seconds if 1 <= seconds <= SECONDS_MAX else None


def _problem(status: int, detail: str) -> tuple[int, str, bytes]:
    return status, _JSON, msgspec.json.encode({"detail": detail})
