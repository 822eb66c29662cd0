"""Port to the API keys that a tenant creates, lists and revokes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.domain.permissions import KeyScope
from angarium_gateway.domain.quotas import NO_RATES, Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key to create. `application_id` is set for the scope `application`, and for no other; so
    are `feature_flags`, by which the key sees event types that have some.

    `subject` is set for the key of a sign-in: who signed in. `email` may be known, too."""

    name: str
    scope: KeyScope = KeyScope.ADMIN
    application_id: bytes | None = None
    expires_at: datetime | None = None
    rates: Rates = NO_RATES
    feature_flags: tuple[str, ...] = ()
    subject: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A stored key, without its token. `last_used_at` is exact to about a minute. `updated_at`:
    when its name, its flags or its token last changed; None: never."""

    id: bytes
    tenant_id: bytes
    name: str
    scope: KeyScope
    application_id: bytes | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    rates: Rates = NO_RATES
    feature_flags: tuple[str, ...] = ()
    updated_at: datetime | None = None
    subject: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A key with its new token. The token is not stored and cannot be read again."""

    key: ApiKey
    token: str = field(repr=False)


class TenantKeys(Protocol):
    """The keys of each tenant. Every method raises `JournalUnavailable`."""

    async def create(self, tenant_id: bytes, new: NewApiKey) -> CreatedKey:
        """Create a key with a generated token."""
        ...

    async def get(self, tenant_id: bytes, key_id: bytes) -> ApiKey | None:
        """The tenant's key with this id, also if it is revoked or has expired."""
        ...

    async def page(self, tenant_id: bytes, window: IdWindow) -> IdPage[ApiKey]:
        """A page of the tenant's keys, those that are revoked or have expired included."""
        ...

    async def revoke(self, tenant_id: bytes, key_id: bytes) -> bool:
        """Make a key invalid permanently; False if the tenant has no such key that is not revoked
        yet."""
        ...


class KeyUses(Protocol):
    """Storage of the time at which each key was last used."""

    async def record(self, uses: Mapping[bytes, datetime]) -> None:
        """Store the times by the ids of the keys; earlier times than the stored ones are dropped.
        Raises `JournalUnavailable`."""
        ...
