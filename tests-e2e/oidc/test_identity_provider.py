"""Signing in with OpenID Connect, at a real provider, and every way in which it must fail."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from angarium_chassis.sealing import Seal
from angarium_gateway.adapters.oidc.provider import OidcClient, OidcProvider
from angarium_gateway.application.tenants.oidc_sign_in import (
    FLOW_LIFE_S,
    OidcRules,
    OidcSignIn,
    SignInRefused,
)
from angarium_gateway.application.tenants.sign_ins import NewSignIn
from angarium_gateway.domain.permissions import PLATFORM_TENANT, KeyScope
from angarium_gateway.domain.role_scopes import parse_role_scopes
from joserfc.jwk import RSAKey

from .identity_provider import SECRET, TestProvider, running_provider, signed_anew

VERIFIER = "v" * 43
CHALLENGE = hashlib.sha256(VERIFIER.encode()).digest()
TENANT = b"t" * 16
ROLES = "ops=platform,admins=admin,support=read"
OWN_KEY = RSAKey.generate_key(2048, {"kid": "own"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "other"})


class Rig:
    """The use case over a real provider; sign-ins are only noted."""

    def __init__(
        self,
        provider: TestProvider,
        *,
        secret: str | None = SECRET,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.provider = provider
        self.now = datetime.now(UTC)
        self.prepared: list[NewSignIn] = []
        self.client = OidcProvider(
            OidcClient(
                issuer=provider.url,
                client_id="angarium",
                secret=secret,
                redirect_uri="http://localhost/api/v1/auth/oidc/callback",
                scopes="openid profile email",
                roles_claim="groups",
            ),
            clock_s=clock_s,
        )
        rules = OidcRules("Example SSO", "default", parse_role_scopes(ROLES), key_life_s=600)
        seal = Seal(bytes(32))
        self.sign_in = OidcSignIn(self.client, self, self, seal, rules, lambda: self.now)

    async def prepare(self, new: NewSignIn) -> str:
        self.prepared.append(new)
        return "ang_sc_1"

    async def complete(self, code: str, verifier: str | None) -> None:
        raise AssertionError("nothing is exchanged here")

    async def id_of(self, name: str) -> bytes | None:
        return TENANT if name == "default" else None

    async def begun(self) -> str:
        url = await self.sign_in.begin(CHALLENGE)
        assert isinstance(url, str), url
        return url

    async def ended(self, subject: str = "ada", **changes: str) -> str | SignInRefused:
        url = await self.begun()
        given = self.provider.sign_in(url, subject) | changes
        return await self.sign_in.end(given["state"], given["code"])


@pytest.fixture
def provider() -> Iterator[TestProvider]:
    with running_provider() as running:
        running.person("ada", email="ada@example.com", groups=["admins", "staff"])
        yield running


@pytest.fixture
def rig(provider: TestProvider) -> Rig:
    return Rig(provider)


def refused(outcome: str | SignInRefused, code: str) -> str:
    """The sentence of a refusal."""
    assert isinstance(outcome, SignInRefused), outcome
    assert outcome.code == code
    return outcome.detail


async def test_a_person_with_a_role_is_signed_in_with_its_scope(rig: Rig) -> None:
    asked = parse_qs(urlsplit(await rig.begun()).query)
    assert asked["response_type"] == ["code"]
    assert asked["client_id"] == ["angarium"]
    assert asked["redirect_uri"] == ["http://localhost/api/v1/auth/oidc/callback"]
    assert len(asked["nonce"][0]) >= 20

    assert await rig.ended() == "ang_sc_1"

    (new,) = rig.prepared
    assert (new.subject, new.email, new.scope) == ("ada", "ada@example.com", KeyScope.ADMIN)
    assert (new.tenant_id, new.challenge, new.key_life_s) == (TENANT, CHALLENGE, 600)
    assert new.expires_at <= rig.now + timedelta(minutes=5)


async def test_an_operator_signs_in_to_no_tenant(rig: Rig) -> None:
    rig.provider.person("grace", groups=["ops"])
    assert await rig.ended("grace") == "ang_sc_1"
    assert (rig.prepared[0].tenant_id, rig.prepared[0].email) == (PLATFORM_TENANT, None)


async def test_an_address_that_is_not_verified_is_not_kept(rig: Rig) -> None:
    rig.provider.person("eve", email="ada@example.com", email_verified=False, groups=["admins"])
    assert await rig.ended("eve") == "ang_sc_1"
    assert (rig.prepared[0].subject, rig.prepared[0].email) == ("eve", None)


@pytest.mark.parametrize("groups", [{"groups": ["guests"]}, {"groups": []}, {}])
async def test_a_person_without_a_role_is_refused_by_name(rig: Rig, groups: dict[str, Any]) -> None:
    rig.provider.person("bob", email="bob@example.com", **groups)
    detail = refused(await rig.ended("bob"), "no_role")
    assert "bob@example.com has no role" in detail
    assert "ANGARIUM_OIDC_ROLES" in detail
    assert rig.prepared == []


async def test_roles_that_only_the_user_info_has_are_found(rig: Rig) -> None:
    rig.provider.published = [OWN_KEY]
    rig.provider.spoil = spoiled(groups=None)
    assert await rig.ended() == "ang_sc_1"
    rig.provider.person("bob", groups=["guests"])
    refused(await rig.ended("bob"), "no_role")


def spoiled(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """ID tokens with other claims, signed with a key that the test publishes."""

    def spoil(answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {"id_token": signed_anew(answer["id_token"], key=OWN_KEY, **changes)}

    return spoil


PAST = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())
FUTURE = int(datetime(2040, 1, 1, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example.com"},
        {"aud": "another-client"},
        {"aud": ["another-client", "angarium"], "azp": "another-client"},
        {"exp": PAST},
        {"nbf": FUTURE},
        {"iat": FUTURE},
        {"sub": ""},
        {"sub": "x" * 256},
        {"at_hash": "wrong"},
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(rig: Rig, changes: dict[str, Any]) -> None:
    rig.provider.published = [OWN_KEY]
    rig.provider.spoil = spoiled()
    assert await rig.ended() == "ang_sc_1"
    rig.provider.spoil = spoiled(**changes)
    detail = refused(await rig.ended(), "identity_invalid")
    assert "not valid for this server" in detail
    assert len(rig.prepared) == 1


async def test_a_token_with_a_bad_signature_is_refused(rig: Rig) -> None:
    rig.provider.spoil = lambda answer: (
        answer | {"id_token": signed_anew(answer["id_token"], key=OTHER_KEY)}
    )
    refused(await rig.ended(), "identity_invalid")


async def test_an_unsigned_token_is_refused(rig: Rig) -> None:
    def unsigned(answer: dict[str, Any]) -> dict[str, Any]:
        header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
        body = answer["id_token"].split(".")[1]
        return answer | {"id_token": f"{header}.{body}."}

    rig.provider.spoil = unsigned
    refused(await rig.ended(), "identity_invalid")


async def test_an_answer_without_a_token_is_refused(rig: Rig) -> None:
    rig.provider.spoil = lambda answer: {**answer, "id_token": None}
    refused(await rig.ended(), "identity_invalid")


async def test_a_used_or_unknown_code_is_refused(rig: Rig) -> None:
    given = rig.provider.sign_in(await rig.begun(), "ada")
    assert await rig.sign_in.end(given["state"], given["code"]) == "ang_sc_1"
    detail = refused(await rig.sign_in.end(given["state"], given["code"]), "code_refused")
    assert "Try again" in detail
    refused(await rig.ended(code="stolen"), "code_refused")


async def test_a_code_of_another_sign_in_is_refused(rig: Rig) -> None:
    """PKCE: an attacker's code does not fit the state of the victim."""
    attackers = rig.provider.sign_in(await rig.begun(), "ada")
    refused(await rig.ended(code=attackers["code"]), "code_refused")


async def test_a_state_that_was_changed_or_is_late_never_reaches_the_provider(rig: Rig) -> None:
    given = rig.provider.sign_in(await rig.begun(), "ada")
    state = given["state"]
    for wrong in ("", "zz", state[:-2] + ("00" if state[-2:] != "00" else "11"), state * 9):
        refused(await rig.sign_in.end(wrong, given["code"]), "sign_in_expired")
    rig.now += timedelta(seconds=FLOW_LIFE_S)
    refused(await rig.sign_in.end(state, given["code"]), "sign_in_expired")
    assert rig.provider.exchanges == 0


async def test_a_provider_that_is_down_or_another_one_is_told_apart(
    provider: TestProvider,
) -> None:
    provider.down = True
    refused(await Rig(provider).sign_in.begin(CHALLENGE), "provider_unreachable")
    provider.down = False
    provider.metadata = {"issuer": "https://evil.example.com"}
    refused(await Rig(provider).sign_in.begin(CHALLENGE), "identity_invalid")
    provider.metadata = {"jwks_uri": None}
    refused(await Rig(provider).sign_in.begin(CHALLENGE), "identity_invalid")


async def test_new_keys_of_the_provider_are_read_again(provider: TestProvider) -> None:
    clock = [0.0]
    rig = Rig(provider, clock_s=lambda: clock[0])
    provider.published, provider.spoil = [OTHER_KEY], spoiled()
    refused(await rig.ended(), "identity_invalid")
    provider.published = [OWN_KEY]
    refused(await rig.ended(), "identity_invalid")
    clock[0] = 11.0
    assert await rig.ended() == "ang_sc_1"


async def test_a_public_client_has_no_secret(provider: TestProvider) -> None:
    assert await Rig(provider, secret=None).ended() == "ang_sc_1"
