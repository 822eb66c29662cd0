"""Authentication: finds the tenant of an API key."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from angarium_chassis.lru_cache import LruCache

from angarium_gateway.domain.digests import token_hash

CALLERS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated API key."""

    tenant_id: bytes
    key_id: bytes


class ApiKeys(Protocol):
    """Storage of API keys."""

    async def find(self, token_hash: bytes) -> Caller | None:
        """The caller with this key, unless it is revoked."""


class Authenticator:
    """Finds callers by their tokens and caches them for `fresh_s`, after which a revoked key is
    refused at the latest. Unknown tokens are not cached."""

    def __init__(self, keys: ApiKeys, clock_s: Callable[[], float], *, fresh_s: float = 1.0):
        self._keys = keys
        self._clock_s = clock_s
        self._fresh_s = fresh_s
        self._known: LruCache[str, tuple[Caller, float]] = LruCache(CALLERS_MAX)
        self._looking: dict[str, asyncio.Future[Caller | None]] = {}

    def remembered(self, token: str) -> Caller | None:
        """The caller, if it was looked up within the last `fresh_s` seconds."""
        known = self._known.get(token)
        if known is None or known[1] < self._clock_s():
            return None
        return known[0]

    async def caller(self, token: str) -> Caller | None:
        """The caller of a token, or None if the token is unknown or revoked. Concurrent calls for
        one token share one look-up."""
        known = self.remembered(token)
        if known is not None:
            return known
        looking = self._looking.get(token)
        if looking is None:
            looking = self._looking[token] = asyncio.ensure_future(self._look_up(token))
        return await asyncio.shield(looking)

    async def _look_up(self, token: str) -> Caller | None:
        # Before the query: a key that is revoked during it must not be cached for longer.
        asked_at_s = self._clock_s()
        try:
            caller = await self._keys.find(token_hash(token))
        finally:
            del self._looking[token]
        if caller is None:
            self._known.pop(token)
        else:
            self._known.put(token, (caller, asked_at_s + self._fresh_s))
        return caller
