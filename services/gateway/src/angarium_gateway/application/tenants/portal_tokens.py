"""Port to portal tokens: what a tenant's customer logs in to the portal with."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from angarium_gateway.domain.permissions import CAPABILITY_PERMISSIONS, Capability, Permission


@dataclass(frozen=True, slots=True)
class PortalGrant:
    """The grant of a portal token, within its application.

    Of the event types with a feature flag, it sees those whose flag is in `feature_flags`.
    """

    capabilities: frozenset[Capability]
    feature_flags: frozenset[str] = frozenset()
    session_id: str | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """The permissions of all its capabilities."""
        return frozenset[Permission]().union(
            *(CAPABILITY_PERMISSIONS[one] for one in self.capabilities)
        )


@dataclass(frozen=True, slots=True)
class NewPortalToken:
    """A token to create, for one application."""

    tenant_id: bytes
    application_id: bytes
    grant: PortalGrant
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CreatedPortalToken:
    """A new token, which is not stored and cannot be read again."""

    id: bytes
    token: str = field(repr=False)


class PortalTokens(Protocol):
    """Storage of portal tokens. Every method raises `JournalUnavailable`."""

    async def create(self, new: NewPortalToken) -> CreatedPortalToken:
        """Create a token."""
        ...

    async def expire(self, tenant_id: bytes, token_id: bytes) -> None:
        """End one token."""
        ...

    async def expire_all(
        self,
        tenant_id: bytes,
        application_id: bytes,
        *,
        session_ids: Collection[str] | None,
        at: datetime,
    ) -> None:
        """Let the application's tokens end at a time, unless they end before; with `session_ids`,
        those of these sessions."""
        ...
