"""Portal tokens in memory."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

from angarium_gateway.application.tenants.authentication import Caller, LoginFailure
from angarium_gateway.application.tenants.portal_tokens import CreatedPortalToken, NewPortalToken
from angarium_gateway.domain.digests import token_hash


@dataclass
class MemoryPortalTokens:
    """Implements `StoredPortalTokens`."""

    callers: dict[bytes, Caller] = field(default_factory=dict)
    created: list[NewPortalToken] = field(default_factory=list)
    expired: list[tuple[bytes, bytes, Collection[str] | None, datetime]] = field(
        default_factory=list
    )

    async def find(self, token_hash: bytes) -> Caller | LoginFailure:
        return self.callers.get(token_hash, LoginFailure.UNKNOWN)

    async def create(self, new: NewPortalToken) -> CreatedPortalToken:
        self.created.append(new)
        number = len(self.created)
        token = f"ang_pt_{number}"
        token_id = number.to_bytes(16)
        self.callers[token_hash(token)] = Caller(
            new.tenant_id, token_id, new.grant, new.application_id, new.expires_at
        )
        return CreatedPortalToken(token_id, token)

    async def expire(self, tenant_id: bytes, token_id: bytes) -> None:
        for digest, caller in list(self.callers.items()):
            if (caller.tenant_id, caller.key_id) == (tenant_id, token_id):
                del self.callers[digest]

    async def expire_all(
        self,
        tenant_id: bytes,
        application_id: bytes,
        *,
        session_ids: Collection[str] | None,
        at: datetime,
    ) -> None:
        self.expired.append((tenant_id, application_id, session_ids, at))
        if at <= datetime.now(UTC):
            self.callers.clear()
