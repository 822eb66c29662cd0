"""Tenants in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.application.tenants.tenants import NameTaken, Tenant
from angarium_gateway.domain.quotas import TenantQuotas

CREATED_AT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class MemoryTenants:
    """Implements `StoredTenants`."""

    tenants: list[Tenant] = field(default_factory=list)
    gone: list[bytes] = field(default_factory=list)

    async def create(self, name: str) -> Tenant:
        if await self.named(name) is not None:
            raise NameTaken(name)
        created = Tenant((len(self.tenants) + 1).to_bytes(16), name, CREATED_AT)
        self.tenants.append(created)
        return created

    async def get(self, tenant_id: bytes) -> Tenant | None:
        return next((one for one in self.tenants if one.id == tenant_id), None)

    async def id_of(self, name: str) -> bytes | None:
        return next((each.id for each in self.tenants if each.name == name), None)

    async def named(self, name: str) -> Tenant | None:
        return next((one for one in self.tenants if one.name == name), None)

    async def page(self, window: IdWindow) -> IdPage[Tenant]:
        return IdPage(self.tenants[: window.limit], done=len(self.tenants) <= window.limit)

    async def rename(self, tenant_id: bytes, name: str) -> Tenant | None:
        other = await self.named(name)
        if other is not None and other.id != tenant_id:
            raise NameTaken(name)
        return await self._changed(tenant_id, lambda one: replace(one, name=name))

    async def suspend(self, tenant_id: bytes, *, suspended: bool) -> Tenant | None:
        at = CREATED_AT if suspended else None
        return await self._changed(tenant_id, lambda one: replace(one, suspended_at=at))

    async def limit(self, tenant_id: bytes, quotas: TenantQuotas) -> Tenant | None:
        return await self._changed(tenant_id, lambda one: replace(one, quotas=quotas))

    async def delete(self, tenant_id: bytes) -> Tenant | None:
        found = await self.get(tenant_id)
        if found is not None and found.deleted_at is not None:
            return found
        return await self._changed(
            tenant_id, lambda one: replace(one, name="deleted", deleted_at=CREATED_AT)
        )

    async def to_erase(self, *, grace_s: int) -> Sequence[bytes]:
        return [
            one.id for one in self.tenants if one.deleted_at is not None and one.id not in self.gone
        ]

    async def erased(self, tenant_id: bytes) -> None:
        self.gone.append(tenant_id)

    async def _changed(self, tenant_id: bytes, change: Callable[[Tenant], Tenant]) -> Tenant | None:
        found = await self.get(tenant_id)
        if found is None:
            return None
        self.tenants[self.tenants.index(found)] = changed = change(found)
        return changed
