"""Sign-ins in the gateway's database. Codes are kept as a hash only."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from angarium_chassis.database.engine import Database
from angarium_chassis.database.retention_table import delete_rows
from angarium_chassis.database.retention_turn import RetentionTurn
from sqlalchemy import BigInteger, delete, insert, type_coerce

from angarium_gateway.application.tenants.api_keys import CreatedKey, NewApiKey
from angarium_gateway.application.tenants.sign_ins import NewSignIn
from angarium_gateway.domain.api_tokens import SIGN_IN_PREFIX, new_token
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.display_names import NAME_CHARS_MAX
from angarium_gateway.domain.permissions import KeyScope

from .api_keys import ApiKeyTable
from .failures import journal_failures
from .tables import api_key
from .tables import sign_in as table


class SignInTable:
    """Implements the port `SignIns`."""

    def __init__(
        self,
        database: Database,
        keys: ApiKeyTable,
        *,
        now: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._engine = database.engine
        self._keys = keys
        self._now = now
        self._random_bytes = random_bytes

    async def prepare(self, new: NewSignIn) -> str:
        """See the port."""
        code = new_token(self._random_bytes, SIGN_IN_PREFIX)
        inserted = insert(table).values(
            code_hash=token_hash(code),
            tenant_id=new.tenant_id,
            scope=new.scope.value,
            subject=_printable(new.subject),
            email=None if new.email is None else _printable(new.email),
            challenge=new.challenge,
            key_life_s=new.key_life_s,
            expires_at=new.expires_at,
        )
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(inserted)
        return code

    async def complete(self, code: str, verifier: str | None) -> CreatedKey | None:
        """See the port. The code is gone even if it is refused: whoever tries it without its
        verifier has stolen it."""
        used = delete(table).where(table.c.code_hash == token_hash(code)).returning(table)
        with journal_failures():
            async with self._engine.begin() as connection:
                row = (await connection.execute(used)).one_or_none()
                if row is None or row.expires_at <= self._now():
                    return None
                if not _is_answer(verifier, row.challenge):
                    return None
                new = NewApiKey(
                    name=f"Console: {row.email or row.subject}"[:NAME_CHARS_MAX].strip(),
                    scope=KeyScope(row.scope),
                    expires_at=self._now() + timedelta(seconds=row.key_life_s),
                    subject=row.subject,
                    email=row.email,
                )
                return await self._keys.create_in(connection, bytes(row.tenant_id), new)


def _is_answer(verifier: str | None, challenge: bytes | None) -> bool:
    if challenge is None:
        return True
    if verifier is None:
        return False
    return hmac.compare_digest(hashlib.sha256(verifier.encode()).digest(), bytes(challenge))


def _printable(text: str) -> str:
    """The text as a name of a key may have it: an identity provider may send any."""
    return "".join(each if each.isprintable() else "�" for each in text)[:NAME_CHARS_MAX].strip()


async def delete_unused_sign_ins(turn: RetentionTurn) -> None:
    """The retention task of sign-ins whose codes have expired."""
    expires_at = type_coerce(table.c.expires_at, BigInteger)
    await delete_rows(
        turn, table, expires_at < turn.now_ms * 1_000, key=table.c.code_hash, order=expires_at
    )


class SignedInKeyRetention:
    """The retention task of keys that were made by signing in: they go when the audit log no
    longer has entries that name them."""

    def __init__(self, *, days: int) -> None:
        self._days = days

    async def __call__(self, turn: RetentionTurn) -> None:
        """See `RetentionTask`."""
        expires_at = type_coerce(api_key.c.expires_at, BigInteger)
        before_us = turn.now_ms * 1_000 - self._days * 86_400_000_000
        await delete_rows(
            turn, api_key, api_key.c.subject.is_not(None), expires_at < before_us, key=api_key.c.id
        )
