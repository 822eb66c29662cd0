"""API keys in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.application.tenants.api_keys import ApiKey, CreatedKey, NewApiKey
from angarium_gateway.application.tenants.authentication import Caller, LoginFailure
from angarium_gateway.application.tenants.integrations import ChangedKey
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import KeyScope

CREATED_AT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class MemoryApiKeys:
    """Implements `StoredKeys`: what stands in `callers` may log in, what is in `failures` not."""

    callers: dict[bytes, Caller] = field(default_factory=dict)
    failures: dict[bytes, LoginFailure] = field(default_factory=dict)
    created: list[ApiKey] = field(default_factory=list)
    used: dict[bytes, datetime] = field(default_factory=dict)

    async def find(self, token_hash: bytes) -> Caller | LoginFailure:
        failure = self.failures.get(token_hash, LoginFailure.UNKNOWN)
        return self.callers.get(token_hash, failure)

    async def create(self, tenant_id: bytes, new: NewApiKey) -> CreatedKey:
        number = len(self.created) + 1
        key = ApiKey(
            id=number.to_bytes(16),
            tenant_id=tenant_id,
            name=new.name,
            scope=new.scope,
            application_id=new.application_id,
            created_at=CREATED_AT,
            expires_at=new.expires_at,
            last_used_at=None,
            revoked_at=None,
            rates=new.rates,
            feature_flags=new.feature_flags,
            subject=new.subject,
            email=new.email,
        )
        self.created.append(key)
        token = f"ang_sk_{number}"
        self.callers[token_hash(token)] = Caller(
            tenant_id,
            key.id,
            new.scope,
            new.application_id,
            new.expires_at,
            feature_flags=frozenset(new.feature_flags),
            name=new.name,
            subject=new.subject,
            email=new.email,
        )
        return CreatedKey(key, token)

    async def get(self, tenant_id: bytes, key_id: bytes) -> ApiKey | None:
        of_tenant = (key for key in self.created if key.tenant_id == tenant_id)
        return next((key for key in of_tenant if key.id == key_id), None)

    async def page(self, tenant_id: bytes, window: IdWindow) -> IdPage[ApiKey]:
        found = [key for key in reversed(self.created) if key.tenant_id == tenant_id]
        return IdPage(found[: window.limit], done=len(found) <= window.limit)

    async def revoke(self, tenant_id: bytes, key_id: bytes) -> bool:
        key = await self.get(tenant_id, key_id)
        if key is None or key.revoked_at is not None:
            return False
        self.created[self.created.index(key)] = replace(key, revoked_at=CREATED_AT)
        for digest, caller in list(self.callers.items()):
            if caller.key_id == key_id:
                del self.callers[digest]
                self.failures[digest] = LoginFailure.REVOKED
        return True

    async def record(self, uses: Mapping[bytes, datetime]) -> None:
        self.used |= uses


@dataclass
class MemoryIntegrations:
    """Implements `Integrations` over the keys."""

    keys: MemoryApiKeys

    async def get(self, tenant_id: bytes, application_id: bytes, key_id: bytes) -> ApiKey | None:
        valid = self._valid(tenant_id, application_id)
        return next((key for key in valid if key.id == key_id), None)

    async def page(
        self, tenant_id: bytes, application_id: bytes, window: IdWindow
    ) -> IdPage[ApiKey]:
        found = self._valid(tenant_id, application_id)[::-1]
        return IdPage(found[: window.limit], done=len(found) <= window.limit)

    async def change(
        self,
        tenant_id: bytes,
        application_id: bytes,
        key_id: bytes,
        *,
        name: str,
        feature_flags: tuple[str, ...],
    ) -> ChangedKey | None:
        found = await self.get(tenant_id, application_id, key_id)
        if found is None:
            return None
        changed = replace(found, name=name, feature_flags=feature_flags, updated_at=CREATED_AT)
        self.keys.created[self.keys.created.index(found)] = changed
        return ChangedKey(found, changed)

    async def rotate(
        self, tenant_id: bytes, application_id: bytes, key_id: bytes
    ) -> CreatedKey | None:
        found = await self.get(tenant_id, application_id, key_id)
        if found is None:
            return None
        callers = self.keys.callers
        (former,) = [digest for digest, one in callers.items() if one.key_id == key_id]
        token = f"ang_sk_rotated_{len(callers)}"
        callers[token_hash(token)] = callers.pop(former)
        return CreatedKey(found, token)

    def _valid(self, tenant_id: bytes, application_id: bytes) -> list[ApiKey]:
        return [
            key
            for key in self.keys.created
            if (key.tenant_id, key.application_id) == (tenant_id, application_id)
            and key.scope is KeyScope.APPLICATION
            and key.revoked_at is None
        ]
