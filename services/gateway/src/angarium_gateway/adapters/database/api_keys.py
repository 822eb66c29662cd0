"""API keys in the gateway's database. Tokens are kept as a hash only."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
from angarium_chassis.database.engine import Database
from sqlalchemy import Row, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.application.tenants.api_keys import ApiKey, CreatedKey, NewApiKey
from angarium_gateway.application.tenants.authentication import Caller, LoginFailure
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.api_tokens import (
    CHOSEN_CHARS_MAX,
    CHOSEN_CHARS_MIN,
    may_be_token,
    new_token,
)
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.display_names import NAME_CHARS_MAX, may_be_name
from angarium_gateway.domain.permissions import KeyScope
from angarium_gateway.domain.schema_checks import SchemaCheck

from .failures import journal_failures
from .id_pages import page_of, windowed
from .quota_columns import TENANT_FACTS, quotas_of_login, rates_of
from .tables import api_key, tenant

LISTED_MAX = 1_000


_flags_decoder = msgspec.json.Decoder(tuple[str, ...])


class ApiKeyRefused(Exception):
    """A key cannot be created. The text gives the reason and a remedy, and never contains a
    token."""


class TokenTaken(ApiKeyRefused):
    """A key with this token exists, perhaps revoked."""


class ApiKeyTable:
    """Implements the ports `Logins`, `TenantKeys` and `KeyUses`, and what `angarium keys` does."""

    def __init__(
        self,
        database: Database,
        *,
        make_id: Callable[[], bytes],
        now: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._engine = database.engine
        self._reading = database.reading
        self._make_id = make_id
        self._now = now
        self._random_bytes = random_bytes

    async def find(self, token_hash: bytes) -> Caller | LoginFailure:
        """See the port `Logins`."""
        query = (
            select(api_key, *TENANT_FACTS)
            .join_from(api_key, tenant, api_key.c.tenant_id == tenant.c.id, isouter=True)
            .where(api_key.c.token_hash == token_hash)
        )
        with journal_failures():
            async with self._reading.connect() as connection:
                row = (await connection.execute(query)).one_or_none()
        if row is None:
            return LoginFailure.UNKNOWN
        if row.revoked_at is not None or row.deleted_at is not None:
            return LoginFailure.REVOKED
        if row.expires_at is not None and row.expires_at <= self._now():
            return LoginFailure.EXPIRED
        return Caller(
            tenant_id=bytes(row.tenant_id),
            key_id=bytes(row.id),
            grant=KeyScope(row.scope),
            application_id=_bytes(row.application_id),
            expires_at=row.expires_at,
            suspended=row.suspended_at is not None,
            tenant=quotas_of_login(row),
            rates=rates_of(row),
            schema_check=SchemaCheck(row.schema_check) if row.schema_check else None,
            feature_flags=frozenset(flags_of(row)),
            name=row.name,
            subject=row.subject,
            email=row.email,
        )

    async def create(
        self, tenant_id: bytes, new: NewApiKey, *, token: str | None = None
    ) -> CreatedKey:
        """Create a key of a tenant. `token` None generates one.

        Raises `ApiKeyRefused` for a name or a token that is not valid, and `TokenTaken` if a key
        has this token already.
        """
        if not may_be_name(new.name):
            raise ApiKeyRefused(
                f"a key's name has 1 to {NAME_CHARS_MAX} printable characters and no space around"
                " them; choose another"
            )
        if token is not None and not may_be_token(token):
            raise ApiKeyRefused(
                f"a chosen API key has {CHOSEN_CHARS_MIN} to {CHOSEN_CHARS_MAX} printable ASCII"
                " characters without spaces; choose another"
            )
        try:
            with journal_failures():
                async with self._engine.begin() as connection:
                    return await self.create_in(connection, tenant_id, new, token=token)
        except JournalUnavailable as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise TokenTaken("this API key exists already; choose another") from None

    async def create_in(
        self,
        connection: AsyncConnection,
        tenant_id: bytes,
        new: NewApiKey,
        *,
        token: str | None = None,
    ) -> CreatedKey:
        """Create a key, whose name and token are valid, in a transaction of the caller's."""
        token = token or new_token(self._random_bytes)
        key = ApiKey(
            id=self._make_id(),
            tenant_id=tenant_id,
            name=new.name,
            scope=new.scope,
            application_id=new.application_id,
            created_at=self._now(),
            expires_at=new.expires_at,
            last_used_at=None,
            revoked_at=None,
            rates=new.rates,
            feature_flags=new.feature_flags,
            subject=new.subject,
            email=new.email,
        )
        values = asdict(key) | {
            "token_hash": token_hash(token),
            "feature_flags": flags_text(new.feature_flags),
        }
        await connection.execute(insert(api_key).values(values | values.pop("rates")))
        return CreatedKey(key, token)

    async def get(self, tenant_id: bytes, key_id: bytes) -> ApiKey | None:
        """See the port `TenantKeys`."""
        query = select(api_key).where(api_key.c.tenant_id == tenant_id, api_key.c.id == key_id)
        with journal_failures():
            async with self._reading.connect() as connection:
                row = (await connection.execute(query)).one_or_none()
        return None if row is None else key_of(row)

    async def page(self, tenant_id: bytes, window: IdWindow) -> IdPage[ApiKey]:
        """See the port `TenantKeys`."""
        query = select(api_key).where(api_key.c.tenant_id == tenant_id)
        with journal_failures():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(windowed(query, api_key.c.id, window))).all()
        return page_of(rows, window, key_of)

    async def list(self, tenant_id: bytes | None = None) -> list[ApiKey]:
        """The keys of one tenant or of all, oldest first, at most `LISTED_MAX`."""
        query = select(api_key).order_by(api_key.c.id).limit(LISTED_MAX)
        if tenant_id is not None:
            query = query.where(api_key.c.tenant_id == tenant_id)
        async with self._reading.connect() as connection:
            return [key_of(row) for row in (await connection.execute(query)).all()]

    async def revoke(self, tenant_id: bytes, key_id: bytes) -> bool:
        """See the port `TenantKeys`."""
        change = (
            update(api_key)
            .where(
                api_key.c.tenant_id == tenant_id,
                api_key.c.id == key_id,
                api_key.c.revoked_at.is_(None),
            )
            .values(revoked_at=self._now())
        )
        with journal_failures():
            async with self._engine.begin() as connection:
                return (await connection.execute(change)).rowcount == 1

    async def tenant_of(self, key_id: bytes) -> bytes | None:
        """The tenant of the key with this id; None if there is no such key."""
        query = select(api_key.c.tenant_id).where(api_key.c.id == key_id)
        async with self._reading.connect() as connection:
            return _bytes(await connection.scalar(query))

    async def record(self, uses: Mapping[bytes, datetime]) -> None:
        """See the port `KeyUses`. In the order of the ids, so that replicas do not deadlock."""
        newer = (
            update(api_key)
            .where(
                api_key.c.id == bindparam("key_id"),
                or_(
                    api_key.c.last_used_at.is_(None),
                    api_key.c.last_used_at < bindparam("used_at", type_=api_key.c.created_at.type),
                ),
            )
            .values(last_used_at=bindparam("used_at", type_=api_key.c.created_at.type))
        )
        rows = [{"key_id": key_id, "used_at": at} for key_id, at in sorted(uses.items())]
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(newer, rows)


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def flags_text(feature_flags: tuple[str, ...]) -> str | None:
    """Feature flags as they are stored."""
    return msgspec.json.encode(feature_flags).decode() if feature_flags else None


def flags_of(row: Row[Any]) -> tuple[str, ...]:
    """The feature flags of a row."""
    return () if row.feature_flags is None else _flags_decoder.decode(row.feature_flags)


def key_of(row: Row[Any]) -> ApiKey:
    """The key of a row."""
    return ApiKey(
        id=bytes(row.id),
        tenant_id=bytes(row.tenant_id),
        name=row.name,
        scope=KeyScope(row.scope),
        application_id=_bytes(row.application_id),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        rates=rates_of(row),
        feature_flags=flags_of(row),
        updated_at=row.updated_at,
        subject=row.subject,
        email=row.email,
    )
