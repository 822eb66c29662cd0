"""Creates, lists and revokes API keys in the gateway's database."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from angarium_contracts.ids import API_KEY, APPLICATION, format_id, parse_id
from angarium_gateway.administration.api_keys import (
    PLATFORM_TENANT,
    AccessAdministration,
    ApiKey,
    CreatedKey,
    KeyScope,
    NewApiKey,
    ensure_tenant,
)

from angarium_cli.failure import CommandFailed
from angarium_cli.gateway_access import with_access


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key: its id (`key_…`) and its token."""

    id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A row of `angarium keys list`. `state` is valid, expired or revoked."""

    id: str
    tenant_name: str
    name: str
    scope: str
    state: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


def create_key(
    tenant_name: str,
    key_name: str,
    *,
    scope: str,
    application: str | None,
    days: int | None,
    new_tenant: bool,
) -> NewKey:
    """Create a key, and with `new_tenant` its tenant. Raises CommandFailed."""
    if (scope == KeyScope.APPLICATION) != (application is not None):
        raise CommandFailed(
            "--application names the application of a key with --scope application; give both or"
            " neither"
        )

    async def create(access: AccessAdministration) -> NewKey:
        expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
        if scope == KeyScope.PLATFORM:
            new = NewApiKey(name=key_name, scope=KeyScope.PLATFORM, expires_at=expires_at)
            return _new(await access.keys.create(PLATFORM_TENANT, new))
        make_tenant = ensure_tenant if new_tenant else AccessAdministration.tenant
        tenant = await make_tenant(access, tenant_name)
        new = NewApiKey(
            name=key_name,
            scope=KeyScope(scope),
            application_id=None
            if application is None
            else await access.application(tenant, application),
            expires_at=expires_at,
        )
        return _new(await access.keys.create(tenant.id, new))

    return with_access(create)


def list_keys(tenant_name: str | None) -> list[StoredKey]:
    """The keys of a tenant, or all. Raises CommandFailed."""

    async def stored(access: AccessAdministration) -> list[StoredKey]:
        tenant = None if tenant_name is None else await access.tenant(tenant_name)
        keys = await access.keys.list(None if tenant is None else tenant.id)
        names: dict[bytes, str] = {}
        for tenant_id in {key.tenant_id for key in keys}:
            found = await access.tenants.get(tenant_id)
            names[tenant_id] = "" if found is None else found.name
        return [_stored(key, names[key.tenant_id]) for key in keys]

    return with_access(stored)


def revoke_key(key_id: str) -> None:
    """Revoke a key. Raises CommandFailed if no key that is not revoked yet has this id."""
    parsed = parse_id(API_KEY, key_id)
    if parsed is None:
        raise CommandFailed(f"{key_id} is not the id of a key; see `angarium keys list`")

    async def revoke(access: AccessAdministration) -> bool:
        tenant_id = await access.keys.tenant_of(parsed)
        return tenant_id is not None and await access.keys.revoke(tenant_id, parsed)

    if not with_access(revoke):
        raise CommandFailed(f"there is no valid key {key_id}; see `angarium keys list`")


def _new(created: CreatedKey) -> NewKey:
    return NewKey(format_id(API_KEY, created.key.id), created.token)


def _stored(key: ApiKey, tenant_name: str) -> StoredKey:
    scope = key.scope.value
    if key.application_id is not None:
        scope = f"{scope} {format_id(APPLICATION, key.application_id)}"
    state = "valid"
    if key.revoked_at is not None:
        state = "revoked"
    elif key.expires_at is not None and key.expires_at <= datetime.now(UTC):
        state = "expired"
    return StoredKey(
        format_id(API_KEY, key.id),
        tenant_name,
        key.name,
        scope,
        state,
        key.created_at,
        key.expires_at,
        key.last_used_at,
    )
