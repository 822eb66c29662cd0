"""Who calls: the tenant of an API key."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from angarium_gateway.domain.digests import token_hash

CALLERS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated API key."""

    tenant_id: bytes
    key_id: bytes


class ApiKeys(Protocol):
    """Where API keys are."""

    async def find(self, token_hash: bytes) -> Caller | None:
        """The caller of a key that is not revoked."""


class Authenticator:
    """Finds callers by their tokens, and remembers them for `fresh_s`: a revoked key is
    refused after that at the latest. Misses are not remembered."""

    def __init__(self, keys: ApiKeys, clock_s: Callable[[], float], *, fresh_s: float = 1.0):
        self._keys = keys
        self._clock_s = clock_s
        self._fresh_s = fresh_s
        self._known: OrderedDict[str, tuple[Caller, float]] = OrderedDict()
        self._looking: dict[str, asyncio.Future[Caller | None]] = {}

    def remembered(self, token: str) -> Caller | None:
        """The caller, when it was looked up within `fresh_s`."""
        known = self._known.get(token)
        if known is None or known[1] < self._clock_s():
            return None
        return known[0]

    async def caller(self, token: str) -> Caller | None:
        """The caller of a token, or None when it is unknown or revoked."""
        known = self.remembered(token)
        if known is not None:
            return known
        looking = self._looking.get(token)
        if looking is None:
            looking = self._looking[token] = asyncio.ensure_future(self._look_up(token))
        return await asyncio.shield(looking)

    async def _look_up(self, token: str) -> Caller | None:
        asked_at_s = self._clock_s()
        try:
            caller = await self._keys.find(token_hash(token))
        finally:
            del self._looking[token]
        self._known.pop(token, None)
        if caller is not None:
            self._known[token] = caller, asked_at_s + self._fresh_s
            if len(self._known) > CALLERS_MAX:
                self._known.popitem(last=False)
        return caller
