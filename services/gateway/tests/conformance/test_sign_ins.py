"""Sign-ins on both engines."""

import base64
import hashlib
import os
import random
import time
from datetime import timedelta

import pytest
from angarium_chassis.database.engine import Database
from angarium_chassis.retention import RetentionLoop
from angarium_contracts.ids import IdMaker
from angarium_gateway.adapters.database.api_keys import ApiKeyTable
from angarium_gateway.adapters.database.audit_log import AuditLogTable
from angarium_gateway.adapters.database.sign_ins import (
    SignedInKeyRetention,
    SignInTable,
    delete_unused_sign_ins,
)
from angarium_gateway.adapters.database.tables import api_key, sign_in
from angarium_gateway.adapters.database.tenants import TenantTable
from angarium_gateway.application.read.id_window import IdWindow
from angarium_gateway.application.tenants.audit_log import AuditEntry
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.tenants.sign_ins import NewSignIn
from angarium_gateway.domain.api_tokens import is_mistyped
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import KeyScope
from sqlalchemy import func, select

from .conftest import BEGINNING, WallClock

VERIFIER = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")
CHALLENGE = hashlib.sha256(VERIFIER.encode()).digest()


class Rig:
    """A tenant whose people sign in."""

    def __init__(self, database: Database, tenant_id: bytes, clock: WallClock) -> None:
        self.database = database
        make_id = IdMaker(time.time_ns, random.getrandbits)
        self.keys = ApiKeyTable(database, make_id=make_id, now=clock, random_bytes=os.urandom)
        self.sign_ins = SignInTable(database, self.keys, now=clock, random_bytes=os.urandom)
        self.tenant_id = tenant_id

    async def prepare(
        self,
        *,
        subject: str = "ada",
        email: str | None = "ada@example.com",
        challenge: bytes | None = None,
    ) -> str:
        return await self.sign_ins.prepare(
            NewSignIn(
                tenant_id=self.tenant_id,
                scope=KeyScope.READ,
                subject=subject,
                email=email,
                expires_at=BEGINNING + timedelta(minutes=15),
                key_life_s=3_600,
                challenge=challenge,
            )
        )

    async def count(self, table: object) -> int:
        async with self.database.reading.connect() as connection:
            return int(await connection.scalar(select(func.count()).select_from(table)) or 0)  # type: ignore[arg-type]


@pytest.fixture
async def rig(database: Database, tenants: TenantTable, clock: WallClock) -> Rig:
    return Rig(database, (await tenants.create("one")).id, clock)


async def test_a_code_becomes_a_key_with_an_end_and_a_name(rig: Rig) -> None:
    code = await rig.prepare()
    assert code.startswith("ang_sc_")

    created = await rig.sign_ins.complete(code, None)

    assert created is not None
    key = created.key
    assert (key.name, key.scope) == ("Console: ada@example.com", KeyScope.READ)
    assert (key.subject, key.email) == ("ada", "ada@example.com")
    assert key.expires_at == BEGINNING + timedelta(hours=1)
    assert not is_mistyped(created.token)
    found = await rig.keys.find(token_hash(created.token))
    assert isinstance(found, Caller)
    assert (found.name, found.subject, found.email) == (key.name, key.subject, key.email)


async def test_a_code_works_once(rig: Rig) -> None:
    code = await rig.prepare()
    assert await rig.sign_ins.complete(code, None) is not None
    assert await rig.sign_ins.complete(code, None) is None
    assert await rig.sign_ins.complete("ang_sc_unknown", None) is None


async def test_a_code_expires(rig: Rig, clock: WallClock) -> None:
    code = await rig.prepare()
    clock.now += timedelta(minutes=15)
    assert await rig.sign_ins.complete(code, None) is None


@pytest.mark.parametrize("verifier", [None, VERIFIER[:-1] + "A"])
async def test_without_its_verifier_a_code_is_refused_and_gone(
    rig: Rig, verifier: str | None
) -> None:
    code = await rig.prepare(challenge=CHALLENGE)
    assert await rig.sign_ins.complete(code, verifier) is None
    assert await rig.sign_ins.complete(code, VERIFIER) is None


async def test_with_its_verifier_a_code_works(rig: Rig) -> None:
    code = await rig.prepare(challenge=CHALLENGE)
    assert await rig.sign_ins.complete(code, VERIFIER) is not None


async def test_any_subject_makes_a_valid_name(rig: Rig) -> None:
    code = await rig.prepare(subject=" a\x00b\n" + "x" * 300, email=None)
    created = await rig.sign_ins.complete(code, None)
    assert created is not None
    assert created.key.name.isprintable()
    assert len(created.key.name) <= 256
    assert await rig.keys.find(token_hash(created.token)) is not None


async def test_codes_that_nobody_used_are_deleted(rig: Rig, clock: WallClock) -> None:
    await rig.prepare()
    # The engines' clock is today, months after the end of this code.
    await RetentionLoop(rig.database, {"sign-ins": delete_unused_sign_ins}).turn()
    assert await rig.count(sign_in) == 0


async def test_keys_of_sign_ins_are_deleted_when_the_audit_log_no_longer_names_them(
    rig: Rig, clock: WallClock
) -> None:
    await rig.sign_ins.complete(await rig.prepare(), None)
    lasting = RetentionLoop(rig.database, {"keys": SignedInKeyRetention(days=3_650)})
    await lasting.turn()
    assert await rig.count(api_key) == 1
    await RetentionLoop(rig.database, {"keys": SignedInKeyRetention(days=1)}).turn()
    assert await rig.count(api_key) == 0


async def test_the_audit_log_names_who_signed_in(rig: Rig) -> None:
    created = await rig.sign_ins.complete(await rig.prepare(), None)
    assert created is not None
    log = AuditLogTable(rig.database, bytes(32))
    for number, key_id in enumerate((created.key.id, b"n" * 16), 1):
        await log.add(
            AuditEntry(
                number.to_bytes(16), rig.tenant_id, key_id, "v1.endpoint.update", "PUT", "/", 200
            )
        )
    page = await log.page(rig.tenant_id, IdWindow(10, None, descending=False), None)
    assert [each.actor for each in page.items] == ["ada@example.com", None]
