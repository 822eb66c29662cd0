"""Authentication: finds the caller that a token belongs to."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum, unique
from typing import Protocol

from angarium_chassis.lru_cache import LruCache

from angarium_gateway.domain.api_tokens import PORTAL_PREFIX, is_mistyped
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import KEY_PERMISSIONS, OPERATING, KeyScope, Permission
from angarium_gateway.domain.quotas import (
    NO_QUOTAS,
    NO_RATES,
    Quota,
    Rates,
    TenantQuotas,
    quotas_of,
)
from angarium_gateway.domain.schema_checks import SchemaCheck

from .portal_tokens import PortalGrant

CALLERS_MAX = 10_000
FRESH_S = 1.0
RENEWED_SHARE = 0.25
"""The last share of the time for which a caller is cached, in which its next use renews it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated API key or portal token; `key_id` is its id, `grant` what it may do.

    `application_id`: the caller sees no other application of its tenant. `suspended`: the tenant is
    suspended, and the caller may do nothing. `tenant` are the quotas of the tenant, `rates` those
    of the key. `schema_check`: payloads that it posts are checked against schemas. Of the event
    types with feature flags, a key of the scope `application` sees those that have one of its
    `feature_flags`. `name` is that of the key. `subject` and `email`: who signed in, if the key is
    that of a sign-in. `operates`: the key may use the operations of the platform, although its
    scope is `admin`.
    """

    tenant_id: bytes
    key_id: bytes
    grant: KeyScope | PortalGrant = KeyScope.ADMIN
    application_id: bytes | None = None
    expires_at: datetime | None = None
    suspended: bool = False
    tenant: TenantQuotas = NO_QUOTAS
    rates: Rates = NO_RATES
    schema_check: SchemaCheck | None = None
    feature_flags: frozenset[str] = frozenset()
    name: str | None = field(default=None, compare=False)
    subject: str | None = None
    email: str | None = None
    operates: bool = False
    quotas: tuple[Quota, ...] = field(init=False)
    """The bounds on the rates of its requests."""

    def __post_init__(self) -> None:
        of_tenant = quotas_of(self.tenant_id, self.tenant, of_key=False)
        of_key = quotas_of(self.key_id, self.rates, of_key=True)
        object.__setattr__(self, "quotas", of_key + of_tenant)

    @property
    def publishes_everywhere(self) -> bool:
        """True if the caller may post messages to every application of its tenant."""
        grant = self.grant
        return (grant is KeyScope.ADMIN or grant is KeyScope.PUBLISH) and not self.suspended

    @property
    def permissions(self) -> frozenset[Permission]:
        """The permissions of the caller, where nothing else forbids them."""
        if isinstance(self.grant, PortalGrant):
            return self.grant.permissions
        more = OPERATING if self.operates else frozenset[Permission]()
        if self.subject is not None:
            more |= {Permission.LOG_OUT}
        return KEY_PERMISSIONS[self.grant] | more


@unique
class LoginFailure(StrEnum):
    """Why a token is refused. Clients are not told; it is in the log."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    MISTYPED = "mistyped"
    """Its checksum is wrong: no such token was ever created."""
    REVOKED = "revoked"
    EXPIRED = "expired"


class Logins(Protocol):
    """Storage of API keys, or of portal tokens."""

    async def find(self, token_hash: bytes) -> Caller | LoginFailure:
        """The caller with this token, or why it is not valid."""
        ...


class Authenticator:
    """Finds callers by their tokens and caches them for `fresh_s`, after which a revoked token is
    refused at the latest. Tokens that are refused are not cached. A token in use is looked up again
    in the last quarter of that time, so that no request waits for it.

    `on_use` gets the id of each API key that is found valid, with each look-up.
    `admins_operate`: keys of the scope `admin` may use the operations of the platform.
    """

    def __init__(
        self,
        keys: Logins,
        portal_tokens: Logins,
        clock_s: Callable[[], float],
        *,
        fresh_s: float = FRESH_S,
        on_use: Callable[[bytes], None] = lambda key_id: None,
        admins_operate: bool = False,
    ) -> None:
        self._keys = keys
        self._portal_tokens = portal_tokens
        self._clock_s = clock_s
        self._fresh_s = fresh_s
        self._renewed_before_s = fresh_s * RENEWED_SHARE
        self._on_use = on_use
        self._admins_operate = admins_operate
        self._known: LruCache[str, tuple[Caller, float]] = LruCache(CALLERS_MAX)
        self._looking: dict[str, asyncio.Future[Caller | LoginFailure]] = {}

    def remembered(self, token: str) -> Caller | None:
        """The caller, if it was looked up within the last `fresh_s` seconds."""
        known = self._known.get(token)
        if known is None:
            return None
        left_s = known[1] - self._clock_s()
        if left_s < 0:
            return None
        if left_s < self._renewed_before_s and token not in self._looking:
            self._begin(token).add_done_callback(_outcome_is_seen_later)
        return known[0]

    async def caller(self, token: str) -> Caller | LoginFailure:
        """The caller of a token, or why the token is refused. Concurrent calls for one token share
        one look-up. Raises `JournalUnavailable`."""
        known = self.remembered(token)
        if known is not None:
            return known
        if not token:
            return LoginFailure.MISSING
        return await self.again(token)

    async def again(self, token: str) -> Caller | LoginFailure:
        """The caller, looked up now and not taken from the cache: for a request that lasts.
        Concurrent calls share one look-up. Raises `JournalUnavailable`."""
        return await asyncio.shield(self._looking.get(token) or self._begin(token))

    def forget(self, token: str) -> None:
        """Look the token up at its next use: it has ended."""
        self._known.pop(token)

    def _begin(self, token: str) -> asyncio.Future[Caller | LoginFailure]:
        looking = self._looking[token] = asyncio.ensure_future(self._look_up(token))
        return looking

    def _logins(self, token: str) -> Logins:
        return self._portal_tokens if token.startswith(PORTAL_PREFIX) else self._keys

    async def _look_up(self, token: str) -> Caller | LoginFailure:
        # Before the query: a key that is revoked during it must not be cached for longer.
        asked_at_s = self._clock_s()
        try:
            found = await self._logins(token).find(token_hash(token))
        finally:
            del self._looking[token]
        if isinstance(found, Caller):
            if found.grant is KeyScope.ADMIN and self._admins_operate:
                found = replace(found, operates=True)
            self._known.put(token, (found, asked_at_s + self._fresh_s))
            if not isinstance(found.grant, PortalGrant):
                self._on_use(found.key_id)
            return found
        self._known.pop(token)
        if found is LoginFailure.UNKNOWN and is_mistyped(token):
            return LoginFailure.MISTYPED
        return found


def _outcome_is_seen_later(looking: asyncio.Future[Caller | LoginFailure]) -> None:
    """Take an error, or asyncio would log it: if the database is still away when the cached caller
    is no longer fresh, the request that needs it then is told."""
    if not looking.cancelled():
        looking.exception()
