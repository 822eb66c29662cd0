"""Host names to addresses: threads of our own, one lookup per name at a time, short memory.

Not the loop's own resolver: its few threads are shared with everything else in the process, so
that a handful of dead name servers would stop every other endpoint's lookups. Here a dead name
holds one thread, however many attempts wait for it.
"""

import asyncio
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from angarium_webhooks.egress.host_addresses import LookUp, look_up, lookup_words
from angarium_webhooks.failures.records import DNS_ERROR
from msgspec import Struct

from angarium_worker.domain.attempt_result import FailureReason

from .failures import SendFailed
from .limits import DialLimits

_ERRORS: Final = {value: name for name, value in vars(socket).items() if name.startswith("EAI_")}


class _Known(Struct, frozen=True):
    addresses: tuple[str, ...]
    until: float


class NameResolution:
    """`addresses_of` for the dialler."""

    def __init__(self, limits: DialLimits, lookup: LookUp = look_up) -> None:
        self._limits = limits
        self._lookup = lookup
        self._known: dict[str, _Known] = {}
        self._under_way: dict[str, asyncio.Task[tuple[str, ...]]] = {}
        self._threads = ThreadPoolExecutor(limits.lookups_at_once_max, thread_name_prefix="dns")

    async def addresses_of(self, host: str) -> tuple[str, ...]:
        """All addresses of the name, at least one. Raises SendFailed(DNS_FAILED)."""
        known = self._known.get(host)
        if known is not None and known.until > asyncio.get_running_loop().time():
            return known.addresses
        task = self._under_way.get(host)
        if task is None:
            task = asyncio.create_task(self._ask(host), name=f"look up {host}")
            self._under_way[host] = task
            task.add_done_callback(lambda done: self._asked(host, done))
        # One attempt's deadline must not end the lookup that others wait for.
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Give up lookups under way; their threads end when the system's resolver does."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, host: str) -> tuple[str, ...]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, self._lookup, host)
        except (OSError, UnicodeError) as error:
            raise SendFailed(
                FailureReason.DNS_FAILED, lookup_words(error, host), _facts_of(error)
            ) from error
        if not found:
            raise SendFailed(FailureReason.DNS_FAILED, f"{host} has no address")
        if len(found) > self._limits.addresses_per_name_max:
            raise SendFailed(FailureReason.DNS_FAILED, f"{host} has {len(found)} addresses")
        return tuple(found)

    def _asked(self, host: str, task: asyncio.Task[tuple[str, ...]]) -> None:
        self._under_way.pop(host, None)
        if task.cancelled() or task.exception() is not None:
            return
        if len(self._known) >= self._limits.names_cached_max:
            del self._known[next(iter(self._known))]
        until = asyncio.get_running_loop().time() + self._limits.name_lifetime_s
        self._known.pop(host, None)
        self._known[host] = _Known(task.result(), until)


def _facts_of(error: OSError | UnicodeError) -> Mapping[str, str]:
    """The resolver's error, such as EAI_NONAME, by its name in the C library."""
    if not isinstance(error, socket.gaierror) or error.errno not in _ERRORS:
        return {}
    return {DNS_ERROR: _ERRORS[error.errno]}
