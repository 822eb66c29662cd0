"""Integrations in the gateway's database: the rows of API keys that are bound to an application."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from angarium_chassis.database.engine import Database
from sqlalchemy import Select, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.application.tenants.api_keys import ApiKey, CreatedKey
from angarium_gateway.application.tenants.integrations import ChangedKey
from angarium_gateway.domain.api_tokens import new_token
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import KeyScope

from .api_keys import flags_text, key_of
from .failures import journal_failures
from .id_pages import page_of, windowed
from .tables import api_key


class IntegrationTable:
    """Implements the port `Integrations`."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._engine = database.engine
        self._reading = database.reading
        self._now = now
        self._random_bytes = random_bytes

    async def get(self, tenant_id: bytes, application_id: bytes, key_id: bytes) -> ApiKey | None:
        """See the port."""
        query = self._valid(tenant_id, application_id).where(api_key.c.id == key_id)
        with journal_failures():
            async with self._reading.connect() as connection:
                row = (await connection.execute(query)).one_or_none()
        return None if row is None else key_of(row)

    async def page(
        self, tenant_id: bytes, application_id: bytes, window: IdWindow
    ) -> IdPage[ApiKey]:
        """See the port."""
        query = windowed(self._valid(tenant_id, application_id), api_key.c.id, window)
        with journal_failures():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(query)).all()
        return page_of(rows, window, key_of)

    async def change(
        self,
        tenant_id: bytes,
        application_id: bytes,
        key_id: bytes,
        *,
        name: str,
        feature_flags: tuple[str, ...],
    ) -> ChangedKey | None:
        """See the port."""
        with journal_failures():
            async with self._engine.begin() as connection:
                found = await self._locked(connection, tenant_id, application_id, key_id)
                if found is None:
                    return None
                changed = replace(
                    found, name=name, feature_flags=feature_flags, updated_at=self._now()
                )
                await self._write(
                    connection,
                    changed,
                    {"name": name, "feature_flags": flags_text(feature_flags)},
                )
        return ChangedKey(found, changed)

    async def rotate(
        self, tenant_id: bytes, application_id: bytes, key_id: bytes
    ) -> CreatedKey | None:
        """See the port."""
        token = new_token(self._random_bytes)
        with journal_failures():
            async with self._engine.begin() as connection:
                found = await self._locked(connection, tenant_id, application_id, key_id)
                if found is None:
                    return None
                rotated = replace(found, updated_at=self._now())
                await self._write(connection, rotated, {"token_hash": token_hash(token)})
        return CreatedKey(rotated, token)

    async def _locked(
        self, connection: AsyncConnection, tenant_id: bytes, application_id: bytes, key_id: bytes
    ) -> ApiKey | None:
        query = self._valid(tenant_id, application_id).where(api_key.c.id == key_id)
        row = (await connection.execute(query.with_for_update())).one_or_none()
        return None if row is None else key_of(row)

    async def _write(
        self, connection: AsyncConnection, key: ApiKey, values: dict[str, object]
    ) -> None:
        change = update(api_key).where(api_key.c.tenant_id == key.tenant_id, api_key.c.id == key.id)
        await connection.execute(change.values(values | {"updated_at": key.updated_at}))

    def _valid(self, tenant_id: bytes, application_id: bytes) -> Select[Any]:
        return select(api_key).where(
            api_key.c.tenant_id == tenant_id,
            api_key.c.application_id == application_id,
            api_key.c.scope == KeyScope.APPLICATION,
            api_key.c.revoked_at.is_(None),
            or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > self._now()),
        )
