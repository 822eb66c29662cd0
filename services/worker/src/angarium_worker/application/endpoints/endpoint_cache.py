"""Cache of endpoint configuration, filled from the worker's copy, else from the dispatcher."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog
from angarium_chassis.lru_cache import LruCache
from angarium_contracts.directory import ApplicationState, EndpointState
from msgspec.structs import replace

from angarium_worker.application.destinations.destination import Destinations
from angarium_worker.application.ledger.records import StorageDown

from .endpoint_config import EndpointConfig, Inactive, OpenSealed, Unusable, prepare
from .endpoint_owner import EndpointOwner

ENDPOINTS_MAX = 20_000
ASKED_MAX = 500
"""The most endpoints that one question may name."""
STORE_AGAIN_S = 1.0

log = structlog.get_logger()


class EndpointCopy(Protocol):
    """The worker's copy of the directory. Every method raises `StorageDown`."""

    async def version(self) -> int:
        """The directory version that the copy is complete to."""
        ...

    async def read(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState]:
        """Those of the endpoints that the copy has."""
        ...

    async def store(self, endpoints: Sequence[EndpointState], version: int | None) -> None:
        """Take over what is newer than the copy's; None: without completing it to a version."""
        ...


class EndpointCache:
    """Cache of endpoints, ready for sending. It is a `DirectoryCopy`: changes pass through it.

    Memory holds the endpoints used last, at most `endpoints_max`. `on_change` is called
    with changes once they are stored.
    """

    def __init__(
        self,
        copy: EndpointCopy,
        owner: EndpointOwner,
        open_sealed: OpenSealed,
        destinations: Destinations,
        *,
        endpoints_max: int = ENDPOINTS_MAX,
    ) -> None:
        self.on_change: Callable[[Sequence[EndpointState]], None] | None = None
        self._copy = copy
        self._owner = owner
        self._open_sealed = open_sealed
        self._destinations = destinations
        self._known: LruCache[bytes, EndpointConfig] = LruCache(endpoints_max)
        self._loading: dict[bytes, int] = {}
        self._asking: dict[bytes, asyncio.Future[None]] = {}

    def get(self, endpoint_id: bytes, version: int) -> EndpointConfig | None:
        """The endpoint from memory, if it is there in at least this version."""
        known = self._known.get(endpoint_id)
        if known is None or known.version < version:
            return None
        self._known.touch(endpoint_id)
        return known

    async def load(self, wanted: Mapping[bytes, int]) -> dict[bytes, EndpointConfig]:
        """Endpoints in at least the versions wanted, from the copy or by asking.

        An endpoint is left out when it is in neither and nobody answers.
        """
        for endpoint_id in wanted:
            self._loading[endpoint_id] = self._loading.get(endpoint_id, 0) + 1
        try:
            await self._read_copy(wanted)
            await self._ask_for(wanted)
        finally:
            for endpoint_id in wanted:
                self._loading[endpoint_id] -= 1
                if not self._loading[endpoint_id]:
                    del self._loading[endpoint_id]
        return {
            endpoint_id: known
            for endpoint_id, version in wanted.items()
            if (known := self.get(endpoint_id, version)) is not None
        }

    def deactivate(self, endpoint_id: bytes, version: int, reason: str) -> None:
        """Send nothing more to the endpoint, in memory, until it is newer than `version`."""
        known = self._known.get(endpoint_id)
        if known is not None and known.version <= version:
            self._known.put(endpoint_id, Inactive(version, reason))

    async def version(self) -> int:
        """The directory version that the copy is complete to."""
        return await self._copy.version()

    async def apply(
        self,
        version: int,
        applications: Sequence[ApplicationState],
        endpoints: Sequence[EndpointState],
    ) -> None:
        """Take over changes: in the copy, and in memory where they are held or being loaded.

        Waits while the database is down, so that no change is lost.
        """
        await self._store(version, endpoints)
        for state in endpoints:
            if state.id in self._known or state.id in self._loading:
                self._remember(state)
        if self.on_change is not None and endpoints:
            self.on_change(endpoints)

    async def _store(self, version: int, endpoints: Sequence[EndpointState]) -> None:
        while True:
            try:
                await self._copy.store(endpoints, version)
            except StorageDown as error:
                log.warning("endpoints.copy_not_stored", error=str(error)[:300])
                await asyncio.sleep(STORE_AGAIN_S)
            else:
                return

    async def _read_copy(self, wanted: Mapping[bytes, int]) -> None:
        missing = self._missing(wanted)
        if not missing:
            return
        try:
            for state in await self._copy.read(missing):
                self._remember(state)
        except StorageDown as error:
            log.warning("endpoints.copy_not_read", error=str(error)[:300])

    async def _ask_for(self, wanted: Mapping[bytes, int]) -> None:
        missing = self._missing(wanted)
        under_way = [self._asking[each] for each in missing if each in self._asking]
        mine = [each for each in missing if each not in self._asking]
        for start in range(0, len(mine), ASKED_MAX):
            await self._ask({each: wanted[each] for each in mine[start : start + ASKED_MAX]})
        if under_way:
            await asyncio.wait(under_way)

    async def _ask(self, wanted: Mapping[bytes, int]) -> None:
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asking.update(dict.fromkeys(wanted, answered))
        try:
            states = await self._owner.current(list(wanted))
            if states is not None:
                self._take_over(wanted, states)
                await self._copy.store(states, None)
        except StorageDown as error:
            log.warning("endpoints.copy_not_stored", error=str(error)[:300])
        finally:
            for endpoint_id in wanted:
                del self._asking[endpoint_id]
            answered.set_result(None)

    def _take_over(self, wanted: Mapping[bytes, int], states: Sequence[EndpointState]) -> None:
        """The owner's word is final: an id that it does not know is as good as deleted."""
        for state in states:
            self._remember(state, version_min=wanted[state.id])
        for endpoint_id in wanted.keys() - {state.id for state in states}:
            self._known.put(
                endpoint_id, Inactive(wanted[endpoint_id], "the endpoint does not exist")
            )

    def _missing(self, wanted: Mapping[bytes, int]) -> list[bytes]:
        return [each for each, version in wanted.items() if self.get(each, version) is None]

    def _remember(self, state: EndpointState, version_min: int = 0) -> None:
        known = self._known.get(state.id)
        if known is not None and known.version >= max(state.version, version_min):
            return
        if state.version < version_min:
            state = replace(state, version=version_min)
        made = prepare(state, self._open_sealed, self._destinations)
        if isinstance(made, Unusable):
            log.error("endpoint.unusable", endpoint=state.id.hex(), problem=made.problem)
        self._known.put(state.id, made)
