"""Arrivals of messages, for polls that wait for them.

While nobody waits, this costs a look at an empty dictionary for each group commit.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Arrivals:
    """Wakes those who wait for messages of an application."""

    def __init__(self) -> None:
        self._awaited: dict[bytes, set[asyncio.Event]] = {}

    @property
    def are_awaited(self) -> bool:
        """True if somebody waits: ask before collecting the arguments of `notify`."""
        return bool(self._awaited)

    def notify(self, application_ids: Iterable[bytes]) -> None:
        """Wake those who wait for messages of these applications."""
        for application_id in application_ids:
            for arrived in self._awaited.get(application_id, ()):
                arrived.set()

    @contextmanager
    def awaited(self, application_id: bytes) -> Iterator[asyncio.Event]:
        """An event that is set at each arrival, until it is left."""
        arrived = asyncio.Event()
        self._awaited.setdefault(application_id, set()).add(arrived)
        try:
            yield arrived
        finally:
            waiting = self._awaited[application_id]
            waiting.discard(arrived)
            if not waiting:
                del self._awaited[application_id]
