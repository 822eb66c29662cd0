"""Signing in to the console."""

from datetime import UTC, datetime

from angarium_gateway.application.tenants.sign_ins import NewSignIn
from angarium_gateway.domain.permissions import KeyScope

from .conftest import TENANT, World

NEW = NewSignIn(
    tenant_id=TENANT,
    scope=KeyScope.ADMIN,
    subject="ada",
    email="ada@example.com",
    expires_at=datetime(2040, 1, 1, tzinfo=UTC),
)
PATH = "/api/v1/auth/sign-in"


async def test_a_code_is_exchanged_for_a_key_without_any_key(world: World) -> None:
    code = await world.sign_ins.prepare(NEW)
    world.client.headers.pop("authorization")

    answer = await world.client.post(PATH, json={"code": code})

    assert answer.status_code == 200
    signed_in = answer.json()
    assert signed_in["scope"] == "admin"
    assert (signed_in["subject"], signed_in["email"]) == ("ada", "ada@example.com")
    bearer = {"authorization": f"Bearer {signed_in['token']}"}
    who = (await world.client.get("/api/v1/auth/whoami", headers=bearer)).json()
    assert who["id"] == signed_in["id"]
    assert (who["name"], who["subject"]) == ("Console: ada", "ada")
    assert "manage_tenant" in who["permissions"]
    assert "log_out" in who["permissions"]
    assert "read_platform" not in who["permissions"]


async def test_a_sign_in_is_in_the_audit_log_without_its_token(world: World) -> None:
    code = await world.sign_ins.prepare(NEW)
    world.client.headers.pop("authorization")

    signed_in = (await world.client.post(PATH, json={"code": code})).json()

    entry = world.audit_log.entries[-1]
    assert entry.operation == "v1.authentication.sign-in"
    assert entry.tenant_id == TENANT
    assert entry.after is not None
    assert "ada@example.com" in entry.after
    assert signed_in["token"] not in entry.after


async def test_a_used_code_is_refused_with_a_remedy(world: World) -> None:
    code = await world.sign_ins.prepare(NEW)
    world.client.headers.pop("authorization")
    await world.client.post(PATH, json={"code": code})

    again = await world.client.post(PATH, json={"code": code})

    assert again.status_code == 403
    assert again.json()["code"] == "sign_in_refused"
    assert "angarium console link" in again.json()["detail"]


async def test_an_idempotency_key_keeps_no_token(world: World) -> None:
    code = await world.sign_ins.prepare(NEW)
    world.client.headers.pop("authorization")
    key = {"idempotency-key": "one"}

    first = await world.client.post(PATH, json={"code": code}, headers=key)
    again = await world.client.post(PATH, json={"code": code}, headers=key)

    assert (first.status_code, again.status_code) == (200, 403)
    assert not world.keys.rows


async def test_signing_out_ends_the_key_of_a_sign_in_but_no_other(world: World) -> None:
    code = await world.sign_ins.prepare(NEW)
    token = (await world.client.post(PATH, json={"code": code})).json()["token"]
    bearer = {"authorization": f"Bearer {token}"}
    assert (await world.client.get("/api/v1/auth/whoami", headers=bearer)).status_code == 200

    ended = await world.client.post("/api/v1/auth/logout", headers=bearer)

    assert ended.status_code == 204
    entry = world.audit_log.entries[-1]
    assert entry.operation == "v1.authentication.logout"
    assert (entry.before, entry.after) == ('{"revoked":false}', '{"revoked":true}')
    assert (await world.client.get("/api/v1/auth/whoami", headers=bearer)).status_code == 401
    other = await world.client.post("/api/v1/auth/logout")
    assert other.status_code == 403
    assert "Revoke the key instead" in other.json()["detail"]


async def test_a_code_is_no_api_key(world: World) -> None:
    code = await world.sign_ins.prepare(NEW)
    bearer = {"authorization": f"Bearer {code}"}
    assert (await world.client.get("/api/v1/app", headers=bearer)).status_code == 401
