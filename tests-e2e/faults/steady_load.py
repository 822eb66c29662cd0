"""Clients that post at a steady rate through the API, and ask again until they are answered.

Each message has an idempotency key: a post that was refused or got no answer is repeated with
the same key, at the other gateway, so that in the end every message has a 2xx and an id, and is
stored once.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

import aiohttp

from .loop_thread import LoopThread

OUTSTANDING_MAX = 400
"""Clients wait for answers: beyond this nobody posts anything new."""
ANSWER_TIMEOUT_S = 10.0
_AGAIN_S = 0.5


@dataclass(slots=True)
class Posted:
    """One message as its client saw it; times are CLOCK_MONOTONIC nanoseconds."""

    number: int
    began_ns: int
    answered_ns: int = 0
    id: str = ""
    refusals: list[int] = field(default_factory=list)
    """Status of each answer that was no 2xx; 0: no answer."""


class SteadyLoad:
    """Posts to `path` at `rate` a second from `with` on, until `finish`."""

    def __init__(
        self,
        thread: LoopThread,
        urls: Sequence[str],
        key: str,
        path: str,
        *,
        rate: float,
        event_type: str = "load.event",
    ) -> None:
        self._thread = thread
        self._targets = [f"{url}/api/v1{path}/msg" for url in urls]
        self._headers = {"authorization": f"Bearer {key}"}
        self._rate = rate
        self._event_type = event_type
        self._run_id = uuid4().hex
        self._stopped = asyncio.Event()
        self._done: Future[None] | None = None
        self.posts: list[Posted] = []
        self.unclear_refusals: Counter[str] = Counter()
        """503 answers without Retry-After, and 5xx others, by text."""

    def __enter__(self) -> Self:
        self._done = asyncio.run_coroutine_threadsafe(self._run(), self._thread.loop)
        return self

    def __exit__(self, *_: object) -> None:
        if self._done is not None:
            self._done.cancel()

    @property
    def answered(self) -> dict[str, Posted]:
        """What got a 2xx, by message id."""
        return {post.id: post for post in tuple(self.posts) if post.id}

    @property
    def open(self) -> int:
        """Posts without a 2xx so far."""
        return sum(not post.id for post in tuple(self.posts))

    @property
    def refusals(self) -> Counter[int]:
        """How often which status came, 0 for no answer."""
        return Counter(status for post in tuple(self.posts) for status in post.refusals)

    def finish(self, timeout_s: float = 60.0) -> None:
        """Post nothing new; wait until everything is answered with 2xx."""
        assert self._done is not None
        self._thread.loop.call_soon_threadsafe(self._stopped.set)
        self._done.result(timeout_s)

    async def _run(self) -> None:
        start_s = time.monotonic()
        free = asyncio.Semaphore(OUTSTANDING_MAX)
        connector = aiohttp.TCPConnector(limit=OUTSTANDING_MAX, force_close=False)
        async with (
            aiohttp.ClientSession(connector=connector, headers=self._headers) as session,
            asyncio.TaskGroup() as tasks,
        ):
            number = 0
            while not self._stopped.is_set():
                # What could not be posted in time is not made up for.
                late_s = time.monotonic() - start_s - number / self._rate
                if late_s > 1:
                    start_s += late_s
                elif late_s < 0:
                    await asyncio.sleep(-late_s)
                await free.acquire()
                post = Posted(number, time.monotonic_ns())
                self.posts.append(post)
                number += 1
                task = tasks.create_task(self._insist(session, post))
                task.add_done_callback(lambda _: free.release())

    async def _insist(self, session: aiohttp.ClientSession, post: Posted) -> None:
        body = {"eventType": self._event_type, "payload": {"number": post.number, "x": "y" * 400}}
        headers = {"idempotency-key": f"{self._run_id}-{post.number}"}
        turn = post.number
        while True:
            status, found = await self._post(session, turn, body, headers)
            if 200 <= status < 300:
                post.answered_ns = time.monotonic_ns()
                post.id = str(found)
                return
            post.refusals.append(status)
            turn += 1
            await asyncio.sleep(_AGAIN_S)

    async def _post(
        self, session: aiohttp.ClientSession, turn: int, body: Any, headers: dict[str, str]
    ) -> tuple[int, object]:
        try:
            async with session.post(
                self._targets[turn % len(self._targets)],
                json=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S),
            ) as answer:
                found = await answer.json()
                if answer.status >= 500 and (
                    answer.status != 503 or "retry-after" not in answer.headers
                ):
                    self.unclear_refusals[f"{answer.status} {found}"[:200]] += 1
                return answer.status, found.get("id")
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return 0, None
