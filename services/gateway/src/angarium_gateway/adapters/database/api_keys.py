"""API keys and the tenants they belong to. Tokens are kept as their SHA-256 only."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from angarium_chassis.database.engine import Database
from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.domain.api_tokens import (
    CHOSEN_CHARS_MAX,
    CHOSEN_CHARS_MIN,
    may_be_token,
    new_token,
)
from angarium_gateway.domain.digests import token_hash

from .failures import journal_failures
from .tables import api_key, tenant

NAME_CHARS_MAX = 256
LISTED_MAX = 1_000


class ApiKeyRefused(Exception):
    """A key cannot be created. The text gives the reason and a remedy, and never contains a
    token."""


class TokenTaken(ApiKeyRefused):
    """A key with this token exists, perhaps revoked."""


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key. The token is not stored and cannot be read again."""

    id: bytes
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A stored key, without its token; `revoked_at` is None while the key is valid."""

    id: bytes
    tenant_name: str
    name: str
    created_at: datetime
    revoked_at: datetime | None


class ApiKeyTable:
    """Implements the port `ApiKeys` and the operations of `angarium keys`."""

    def __init__(
        self,
        database: Database,
        *,
        make_id: Callable[[], bytes],
        now: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._database = database
        self._make_id = make_id
        self._now = now
        self._random_bytes = random_bytes
        self._reading = database.engine.execution_options(read_only=True)

    async def find(self, token_hash: bytes) -> Caller | None:
        """The caller of a key that is not revoked."""
        query = select(api_key.c.tenant_id, api_key.c.id).where(
            api_key.c.token_hash == token_hash, api_key.c.revoked_at.is_(None)
        )
        with journal_failures():
            async with self._reading.connect() as connection:
                row = (await connection.execute(query)).one_or_none()
        return None if row is None else Caller(tenant_id=row.tenant_id, key_id=row.id)

    async def create(
        self, tenant_name: str, key_name: str, *, token: str | None = None
    ) -> CreatedKey:
        """Make a key of a tenant, and the tenant when there is none of this name.

        `token` None generates one. Raises `ApiKeyRefused` for a name or a token that cannot be,
        and `TokenTaken` when a key has this token already.
        """
        _check_name("tenant's name", tenant_name)
        _check_name("key's name", key_name)
        if token is not None and not may_be_token(token):
            raise ApiKeyRefused(
                f"a chosen API key has {CHOSEN_CHARS_MIN} to {CHOSEN_CHARS_MAX} printable ASCII"
                " characters without spaces; choose another"
            )
        created = CreatedKey(self._make_id(), token or new_token(self._random_bytes))
        try:
            async with self._database.engine.begin() as connection:
                await connection.execute(
                    insert(api_key).values(
                        id=created.id,
                        tenant_id=await self._tenant_id(connection, tenant_name),
                        name=key_name,
                        token_hash=token_hash(created.token),
                        created_at=self._now(),
                    )
                )
        except IntegrityError:
            raise TokenTaken("this API key exists already; choose another") from None
        return created

    async def list(self, tenant_name: str | None = None) -> list[ListedKey]:
        """The keys of one tenant or of all, oldest first, at most `LISTED_MAX`."""
        query = (
            select(
                api_key.c.id,
                tenant.c.name.label("tenant_name"),
                api_key.c.name,
                api_key.c.created_at,
                api_key.c.revoked_at,
            )
            .join_from(api_key, tenant, api_key.c.tenant_id == tenant.c.id)
            .order_by(api_key.c.id)
            .limit(LISTED_MAX)
        )
        if tenant_name is not None:
            query = query.where(tenant.c.name == tenant_name)
        async with self._reading.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [ListedKey(*row) for row in rows]

    async def revoke(self, key_id: bytes) -> bool:
        """Make a key invalid for good; False when there is no valid key with this id."""
        change = (
            update(api_key)
            .where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
            .values(revoked_at=self._now())
        )
        async with self._database.engine.begin() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def _tenant_id(self, connection: AsyncConnection, name: str) -> bytes:
        dialect = postgresql if self._database.on_postgres else sqlite
        new = dialect.insert(tenant).values(id=self._make_id(), name=name, created_at=self._now())
        await connection.execute(new.on_conflict_do_nothing(index_elements=["name"]))
        found = await connection.execute(select(tenant.c.id).where(tenant.c.name == name))
        tenant_id: bytes = found.scalar_one()
        return tenant_id


def _check_name(what: str, name: str) -> None:
    if not 1 <= len(name) <= NAME_CHARS_MAX or not name.isprintable() or name != name.strip():
        raise ApiKeyRefused(
            f"a {what} has 1 to {NAME_CHARS_MAX} printable characters and no space around them;"
            " choose another"
        )
