"""Portal tokens in the gateway's database. Tokens are kept as a hash only."""

from collections.abc import Callable, Collection
from datetime import datetime

import msgspec
from angarium_chassis.database.engine import Database
from angarium_chassis.database.retention_table import delete_rows
from angarium_chassis.database.retention_turn import RetentionTurn
from sqlalchemy import BigInteger, insert, select, type_coerce, update

from angarium_gateway.application.tenants.authentication import Caller, LoginFailure
from angarium_gateway.application.tenants.portal_tokens import (
    CreatedPortalToken,
    NewPortalToken,
    PortalGrant,
)
from angarium_gateway.domain.api_tokens import PORTAL_PREFIX, new_token
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import Capability

from .failures import journal_failures
from .quota_columns import TENANT_FACTS, quotas_of_login
from .tables import portal_token as table
from .tables import tenant

KEPT_MS = 24 * 3_600_000
"""For so long after its end, the log tells a token that has ended from an unknown one."""

_flags_decoder = msgspec.json.Decoder(list[str])


class PortalTokenTable:
    """Implements the ports `PortalTokens` and `Logins`."""

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
            select(table, *TENANT_FACTS)
            .join_from(table, tenant, table.c.tenant_id == tenant.c.id)
            .where(table.c.token_hash == token_hash)
        )
        with journal_failures():
            async with self._reading.connect() as connection:
                row = (await connection.execute(query)).one_or_none()
        if row is None:
            return LoginFailure.UNKNOWN
        if row.deleted_at is not None:
            return LoginFailure.REVOKED
        if row.expires_at <= self._now():
            return LoginFailure.EXPIRED
        return Caller(
            tenant_id=bytes(row.tenant_id),
            key_id=bytes(row.id),
            grant=PortalGrant(
                capabilities=frozenset(Capability(name) for name in row.capabilities.split()),
                feature_flags=frozenset(_flags_decoder.decode(row.feature_flags)),
                session_id=row.session_id,
            ),
            application_id=bytes(row.application_id),
            expires_at=row.expires_at,
            suspended=row.suspended_at is not None,
            tenant=quotas_of_login(row),
        )

    async def create(self, new: NewPortalToken) -> CreatedPortalToken:
        """See the port `PortalTokens`."""
        token = new_token(self._random_bytes, PORTAL_PREFIX)
        created = CreatedPortalToken(self._make_id(), token)
        inserted = insert(table).values(
            id=created.id,
            tenant_id=new.tenant_id,
            application_id=new.application_id,
            token_hash=token_hash(token),
            capabilities=" ".join(sorted(new.grant.capabilities)),
            feature_flags=msgspec.json.encode(sorted(new.grant.feature_flags)).decode(),
            session_id=new.grant.session_id,
            created_at=self._now(),
            expires_at=new.expires_at,
        )
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(inserted)
        return created

    async def expire(self, tenant_id: bytes, token_id: bytes) -> None:
        """See the port `PortalTokens`."""
        change = (
            update(table)
            .where(table.c.tenant_id == tenant_id, table.c.id == token_id)
            .values(expires_at=self._now())
        )
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(change)

    async def expire_all(
        self,
        tenant_id: bytes,
        application_id: bytes,
        *,
        session_ids: Collection[str] | None,
        at: datetime,
    ) -> None:
        """See the port `PortalTokens`."""
        change = update(table).where(
            table.c.tenant_id == tenant_id,
            table.c.application_id == application_id,
            table.c.expires_at > at,
        )
        if session_ids is not None:
            change = change.where(table.c.session_id.in_(session_ids))
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(change.values(expires_at=at))


async def delete_ended_portal_tokens(turn: RetentionTurn) -> None:
    """The retention task of portal tokens that ended a day ago."""
    expires_at = type_coerce(table.c.expires_at, BigInteger)
    ended = expires_at < (turn.now_ms - KEPT_MS) * 1_000
    await delete_rows(turn, table, ended, key=table.c.id, order=expires_at)
