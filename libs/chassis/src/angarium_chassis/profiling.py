"""Profiles of the running process, for /profile of the internal port.

Imported only where ANGARIUM_PROFILING is on.
"""

import asyncio
import inspect
import sys
import time
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from pyinstrument.renderers import HTMLRenderer, SpeedscopeRenderer
from pyinstrument.session import Session
from pyinstrument.stack_sampler import build_call_stack

from .cpu_samples import INTERVAL_S, CpuSamples

SECONDS_DEFAULT: Final = 5
SECONDS_MAX: Final = 60
_JSON: Final = "application/json"
_RENDERERS: Final[dict[str, tuple[str, type[Any]]]] = {
    "html": ("text/html; charset=utf-8", HTMLRenderer),
    "speedscope": (_JSON, SpeedscopeRenderer),
}


class Profiling:
    """Profiles the event loop, all tasks together, one profile at a time."""

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
            session = await self._profile(seconds)
            media_type, renderer = _RENDERERS[form]
            text: str = await asyncio.to_thread(renderer().render, session)
        finally:
            self._busy = False
        return 200, media_type, text.encode()

    async def _profile(self, seconds: int) -> Session:
        began_s, began_cpu_s = time.time(), time.process_time()
        taken = CpuSamples()
        with taken.taking():
            await asyncio.sleep(seconds)
        return Session(
            frame_records=taken.samples,
            start_time=began_s,
            duration=time.time() - began_s,
            min_interval=INTERVAL_S,
            max_interval=INTERVAL_S,
            sample_count=len(taken.samples),
            start_call_stack=build_call_stack(inspect.currentframe(), "initial", None),
            target_description=self._description,
            cpu_time=time.process_time() - began_cpu_s,
            sys_path=sys.path,
            sys_prefixes=Session.current_sys_prefixes(),
        )


def _seconds(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(SECONDS_MAX))):
        return None
    seconds = int(text)
    return seconds if 1 <= seconds <= SECONDS_MAX else None


def _problem(status: int, detail: str) -> tuple[int, str, bytes]:
    return status, _JSON, msgspec.json.encode({"detail": detail})
