"""Cache of the schemas of event types, compiled, and kept current by version.

An entry is read from the dispatcher when a message of its type comes, and stays until the policy
version of its tenant changes. The dispatcher announces each change with the version, in
milliseconds; the heartbeat tells, within 5 s, of a change whose announcement was lost.
"""

import asyncio
from collections.abc import Collection
from typing import Final, Protocol

from angarium_chassis.lru_cache import LruCache
from angarium_contracts.configuration import EventTypeSchema, GetEventTypeSchema
from angarium_contracts.queries import Problem

from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.domain.schema_checks import Violation

CACHED_MAX: Final = 2_000
CACHED_BYTES_MAX: Final = 16 * 1024 * 1024
"""Bytes of the schemas, as text, that are compiled at a time."""

type _Key = tuple[bytes, str]


class PayloadCheck(Protocol):
    """A compiled schema."""

    @property
    def unusable(self) -> str | None:
        """Why it cannot be enforced; None: it can."""
        ...

    def violations(self, payload: bytes) -> list[Violation]:
        """The first places where a payload does not fit. Takes a bounded time."""
        ...


class CompileSchema(Protocol):
    """Compiles the JSON text of a schema. One that cannot be enforced becomes a check that every
    payload violates."""

    def __call__(self, schema: bytes) -> PayloadCheck: ...


class EventTypeSchemas:
    """Least-recently-used cache, bounded by number and by the bytes of the schemas."""

    def __init__(
        self,
        ask_dispatcher: ServiceQuery,
        compile_schema: CompileSchema,
        *,
        cached_max: int = CACHED_MAX,
        cached_bytes_max: int = CACHED_BYTES_MAX,
    ) -> None:
        self._ask_dispatcher = ask_dispatcher
        self._compile = compile_schema
        self._cached: LruCache[_Key, tuple[PayloadCheck | None, int]] = LruCache(
            cached_max, on_evict=self._evicted
        )
        self._bytes = 0
        self._bytes_max = cached_bytes_max
        self._asking: dict[_Key, asyncio.Future[PayloadCheck | Problem | None]] = {}
        self._policy_version = 0

    def compiled(self, schema: bytes) -> PayloadCheck:
        """Compile the JSON text of a schema that is not saved. It is not cached."""
        return self._compile(schema)

    async def find(self, tenant_id: bytes, event_type: str) -> PayloadCheck | Problem | None:
        """The check of an event type; None if it has no schema, a `Problem` if the dispatcher does
        not answer. Concurrent calls share one question."""
        key = (tenant_id, event_type)
        cached = self._cached.get(key)
        if cached is not None:
            self._cached.touch(key)
            return cached[0]
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.ensure_future(self._ask(key))
        return await asyncio.shield(asking)

    def forget_tenants(self, tenant_ids: Collection[bytes]) -> None:
        """Drop what is cached of these tenants."""
        # What is being asked may be older than the change: it serves its callers, uncached.
        self._asking.clear()
        for key in [key for key, _ in self._cached.items() if key[0] in tenant_ids]:
            self._drop(key)

    def forget_all(self) -> None:
        """Drop everything."""
        self._asking.clear()
        for key in [key for key, _ in self._cached.items()]:
            self._drop(key)

    def follow(self, policy_version: int, tenant_ids: Collection[bytes]) -> None:
        """Take note of an announcement. One that was missed shows as a gap, and drops
        everything."""
        if policy_version <= self._policy_version:
            return
        if tenant_ids and policy_version == self._policy_version + 1:
            self.forget_tenants(tenant_ids)
        else:
            self.forget_all()
        self._policy_version = policy_version

    async def _ask(self, key: _Key) -> PayloadCheck | Problem | None:
        asked = asyncio.current_task()
        try:
            question = GetEventTypeSchema(tenant_id=key[0], name=key[1])
            found = await self._ask_dispatcher(question, EventTypeSchema)
            if isinstance(found, Problem):
                return found
            schema = found.schema
            check = None if schema is None else self._compile(schema)
            if self._asking.get(key) is asked:
                self._keep(key, check, 0 if schema is None else len(schema))
            return check
        finally:
            if self._asking.get(key) is asked:
                del self._asking[key]

    def _keep(self, key: _Key, check: PayloadCheck | None, size_bytes: int) -> None:
        self._drop(key)
        self._bytes += size_bytes
        self._cached.put(key, (check, size_bytes))
        while len(self._cached) > 1 and self._bytes > self._bytes_max:
            self._cached.evict()

    def _drop(self, key: _Key) -> None:
        dropped = self._cached.pop(key)
        if dropped is not None:
            self._evicted(key, dropped)

    def _evicted(self, _: _Key, entry: tuple[PayloadCheck | None, int]) -> None:
        self._bytes -= entry[1]
