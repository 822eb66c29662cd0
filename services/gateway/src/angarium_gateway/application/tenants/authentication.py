"""Authentication: finds the caller that a token belongs to."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Protocol

from angarium_chassis.lru_cache import LruCache

from angarium_gateway.domain.api_tokens import is_mistyped
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import KeyScope

CALLERS_MAX = 10_000
FRESH_S = 1.0


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated API key.

    `application_id`: the caller sees no other application of its tenant. `suspended`: the tenant is
    suspended, and the caller may do nothing.
    """

    tenant_id: bytes
    key_id: bytes
    scope: KeyScope = KeyScope.ADMIN
    application_id: bytes | None = None
    expires_at: datetime | None = None
    suspended: bool = False

    @property
    def publishes_everywhere(self) -> bool:
        """True if the caller may post messages to every application of its tenant."""
        scope = self.scope
        return (scope is KeyScope.ADMIN or scope is KeyScope.PUBLISH) and not self.suspended


@unique
class LoginFailure(StrEnum):
    """Why a token is refused. Clients are not told; it is in the log."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    MISTYPED = "mistyped"
    """Its checksum is wrong: no such token was ever created."""
    REVOKED = "revoked"
    EXPIRED = "expired"


class ApiKeys(Protocol):
    """Storage of API keys."""

    async def find(self, token_hash: bytes) -> Caller | LoginFailure:
        """The caller with this key, or why it is not valid."""
        ...


class Authenticator:
    """Finds callers by their tokens and caches them for `fresh_s`, after which a revoked key is
    refused at the latest. Tokens that are refused are not cached.

    `on_use` gets the id of each key that is found valid: at most once in `fresh_s` for each key.
    """

    def __init__(
        self,
        keys: ApiKeys,
        clock_s: Callable[[], float],
        *,
        fresh_s: float = FRESH_S,
        on_use: Callable[[bytes], None] = lambda key_id: None,
    ) -> None:
        self._keys = keys
        self._clock_s = clock_s
        self._fresh_s = fresh_s
        self._on_use = on_use
        self._known: LruCache[str, tuple[Caller, float]] = LruCache(CALLERS_MAX)
        self._looking: dict[str, asyncio.Future[Caller | LoginFailure]] = {}

    def remembered(self, token: str) -> Caller | None:
        """The caller, if it was looked up within the last `fresh_s` seconds."""
        known = self._known.get(token)
        if known is None or known[1] < self._clock_s():
            return None
        return known[0]

    async def caller(self, token: str) -> Caller | LoginFailure:
        """The caller of a token, or why the token is refused. Concurrent calls for one token share
        one look-up. Raises `JournalUnavailable`."""
        known = self.remembered(token)
        if known is not None:
            return known
        if not token:
            return LoginFailure.MISSING
        looking = self._looking.get(token)
        if looking is None:
            looking = self._looking[token] = asyncio.ensure_future(self._look_up(token))
        return await asyncio.shield(looking)

    async def _look_up(self, token: str) -> Caller | LoginFailure:
        # Before the query: a key that is revoked during it must not be cached for longer.
        asked_at_s = self._clock_s()
        try:
            found = await self._keys.find(token_hash(token))
        finally:
            del self._looking[token]
        if isinstance(found, Caller):
            self._known.put(token, (found, asked_at_s + self._fresh_s))
            self._on_use(found.key_id)
            return found
        self._known.pop(token)
        if found is LoginFailure.UNKNOWN and is_mistyped(token):
            return LoginFailure.MISTYPED
        return found
