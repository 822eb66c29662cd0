"""API keys in the gateway's database, created, listed and revoked by an operator."""

import os
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from angarium_chassis.database.engine import Database
from angarium_contracts.ids import APPLICATION, IdMaker, parse_id

from angarium_gateway.adapters.database.api_keys import ApiKeyRefused, ApiKeyTable, TokenTaken
from angarium_gateway.adapters.database.application_copy import ApplicationCopyTable
from angarium_gateway.adapters.database.sign_ins import SignInTable
from angarium_gateway.adapters.database.tenants import TenantTable
from angarium_gateway.application.read.id_window import IdWindow
from angarium_gateway.application.tenants.api_keys import ApiKey, CreatedKey, NewApiKey
from angarium_gateway.application.tenants.authentication import Caller, LoginFailure
from angarium_gateway.application.tenants.sign_ins import (
    CODE_LIFE_S_MAX,
    KEY_LIFE_S,
    KEY_LIFE_S_MAX,
    NewSignIn,
)
from angarium_gateway.application.tenants.tenants import NameTaken, Tenant
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.display_names import NAME_CHARS_MAX, may_be_name
from angarium_gateway.domain.permissions import PLATFORM_TENANT, KeyScope
from angarium_gateway.domain.quotas import TenantQuotas

__all__ = [
    "CODE_LIFE_S_MAX",
    "KEY_LIFE_S",
    "KEY_LIFE_S_MAX",
    "PLATFORM_TENANT",
    "AccessAdministration",
    "AdministrationRefused",
    "ApiKey",
    "ApiKeyRefused",
    "CreatedKey",
    "JournalUnavailable",
    "KeyScope",
    "NameTaken",
    "NewApiKey",
    "NewSignIn",
    "Tenant",
    "TenantQuotas",
    "ensure_key",
    "ensure_tenant",
]


_PAGE_MAX = 500


class AdministrationRefused(Exception):
    """The operator asked for what cannot be. The text gives the reason and a remedy."""


@dataclass(frozen=True, slots=True)
class AccessAdministration:
    """The tenants, API keys and sign-ins in a database."""

    keys: ApiKeyTable
    sign_ins: SignInTable
    tenants: TenantTable
    applications: ApplicationCopyTable

    @classmethod
    def of(cls, database: Database) -> "AccessAdministration":
        """Those in `database`, with this process's clock and random source."""
        make_id = IdMaker(time.time_ns, random.SystemRandom().getrandbits)
        keys = ApiKeyTable(database, make_id=make_id, now=_now, random_bytes=os.urandom)
        return cls(
            keys,
            SignInTable(database, keys, now=_now, random_bytes=os.urandom),
            TenantTable(database, make_id=make_id, now=_now),
            ApplicationCopyTable(database),
        )

    async def tenant(self, name: str) -> Tenant:
        """The tenant of this name. Raises `AdministrationRefused` if there is none."""
        found = await self.tenants.named(name)
        if found is None:
            raise AdministrationRefused(
                f"there is no tenant {name}; see `angarium tenants list`, or create it with"
                " `angarium tenants create`"
            )
        return found

    async def create_tenant(self, name: str) -> Tenant:
        """Create a tenant. Raises `AdministrationRefused` and `NameTaken`."""
        _require_name(name)
        return await self.tenants.create(name)

    async def all_tenants(self) -> list[Tenant]:
        """All tenants, oldest first."""
        found: list[Tenant] = []
        while True:
            past = found[-1].id if found else None
            page = await self.tenants.page(IdWindow(_PAGE_MAX, past, descending=False))
            found += page.items
            if page.done:
                return found

    async def rename_tenant(self, name: str, new_name: str) -> None:
        """Rename a tenant. Raises `AdministrationRefused` and `NameTaken`."""
        _require_name(new_name)
        await self.tenants.rename((await self.tenant(name)).id, new_name)

    async def application(self, tenant: Tenant, ref: str) -> bytes:
        """The id of a tenant's application, by id or uid. Raises `AdministrationRefused`."""
        named = parse_id(APPLICATION, ref)
        found = await self.applications.find(tenant.id, named, ref)
        if found is None:
            raise AdministrationRefused(
                f"the tenant {tenant.name} has no application {ref}; give its id"
                f" ({APPLICATION}_…) or its uid"
            )
        return found.id


async def ensure_key(
    administration: AccessAdministration, tenant_name: str, key_name: str, token: str
) -> bool:
    """Create the key with this token unless it is valid already, and its tenant if that does not
    exist; False if the key was revoked.

    Raises `ApiKeyRefused` for a text that cannot be a token.
    """
    found = await administration.keys.find(token_hash(token))
    if isinstance(found, Caller):
        return True
    if found is not LoginFailure.UNKNOWN:
        return False
    tenant = await ensure_tenant(administration, tenant_name)
    try:
        await administration.keys.create(tenant.id, NewApiKey(name=key_name), token=token)
    except TokenTaken:
        return False
    return True


async def ensure_tenant(administration: AccessAdministration, name: str) -> Tenant:
    """The tenant of this name, which is created if there is none."""
    found = await administration.tenants.named(name)
    if found is not None:
        return found
    try:
        return await administration.create_tenant(name)
    except NameTaken:
        return await administration.tenant(name)


def _require_name(name: str) -> None:
    if not may_be_name(name):
        raise AdministrationRefused(
            f"a tenant's name has 1 to {NAME_CHARS_MAX} printable characters and no space around"
            " them; choose another"
        )


def _now() -> datetime:
    return datetime.now(UTC)
