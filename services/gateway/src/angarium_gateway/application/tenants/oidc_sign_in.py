"""Sign in with OpenID Connect: the authorization code flow with PKCE.

Nothing is stored until the provider has named the person: what the flow needs is sealed in `state`,
which travels through the browser. The sign-in is bound to the tab that began it by a challenge of
its own, instead of a cookie: without the secret of the challenge, the code that ends the flow is
worthless.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final, Protocol

import msgspec
import structlog
from angarium_chassis.sealing import Seal, SealBroken

from angarium_gateway.domain.permissions import PLATFORM_TENANT, KeyScope
from angarium_gateway.domain.role_scopes import RoleScopes, scope_of

from .sign_ins import KEY_LIFE_S, NewSignIn, SignIns

FLOW_LIFE_S: Final = 600
"""Seconds for which a person may take to sign in at the provider."""
CODE_LIFE_S: Final = 120
STATE_CHARS_MAX: Final = 1_024
CHALLENGE_BYTES: Final = 32
_PURPOSE: Final = b"openid connect state"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the provider names it. `email` None: not known, or not verified."""

    subject: str
    email: str | None
    roles: frozenset[str]


@unique
class ProviderFailure(StrEnum):
    """Why the provider does not name a person. The values are codes of refusals."""

    UNREACHABLE = "provider_unreachable"
    REFUSED = "code_refused"
    INVALID = "identity_invalid"


class IdentityProvider(Protocol):
    """An OpenID Connect provider."""

    async def authorization_url(
        self, *, state: str, nonce: str, verifier: str
    ) -> str | ProviderFailure:
        """Where the browser goes to sign in."""
        ...

    async def identity(self, code: str, *, nonce: str, verifier: str) -> Identity | ProviderFailure:
        """Exchange a code for an ID token, and verify that: its signature, issuer, audience,
        times and nonce."""
        ...


class TenantNames(Protocol):
    """Finds a tenant by its name."""

    async def id_of(self, name: str) -> bytes | None:
        """The id; None if there is no such tenant. Raises `JournalUnavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """The person is not signed in. `detail` is a sentence for it."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class OidcRules:
    """Who may sign in, and to which tenant. `name` is that of the provider, for people."""

    name: str
    tenant: str
    roles: RoleScopes
    key_life_s: int = KEY_LIFE_S


class _State(msgspec.Struct, frozen=True, array_like=True):
    nonce: str
    verifier: str
    challenge: bytes
    ends_at: float


class OidcSignIn:
    """Begins and ends sign-ins with one provider."""

    def __init__(
        self,
        provider: IdentityProvider,
        sign_ins: SignIns,
        tenants: TenantNames,
        seal: Seal,
        rules: OidcRules,
        now: Callable[[], datetime],
        random_text: Callable[[int], str] = secrets.token_urlsafe,
    ) -> None:
        self._provider = provider
        self._sign_ins = sign_ins
        self._tenants = tenants
        self._seal = seal
        self._rules = rules
        self._now = now
        self._random_text = random_text

    @property
    def name(self) -> str:
        """The name of the provider, for people."""
        return self._rules.name

    async def begin(self, challenge: bytes) -> str | SignInRefused:
        """The URL of the provider for a tab that has the secret of this challenge."""
        nonce, verifier = self._random_text(16), self._random_text(32)
        ends_at = self._now().timestamp() + FLOW_LIFE_S
        url = await self._provider.authorization_url(
            state=self._sealed(_State(nonce, verifier, challenge, ends_at)),
            nonce=nonce,
            verifier=verifier,
        )
        return _refusal_of(url) if isinstance(url, ProviderFailure) else url

    async def end(self, state: str, code: str) -> str | SignInRefused:
        """The code of a sign-in for whoever has come back from the provider. Raises
        `JournalUnavailable`."""
        opened = self._opened(state)
        if opened is None:
            return SignInRefused(
                "sign_in_expired", "This sign-in took too long, or was not begun here. Try again."
            )
        identity = await self._provider.identity(code, nonce=opened.nonce, verifier=opened.verifier)
        if isinstance(identity, ProviderFailure):
            return _refusal_of(identity)
        scope = scope_of(identity.roles, self._rules.roles)
        if scope is None:
            log.warning("oidc.no_role", subject=identity.subject, roles=sorted(identity.roles)[:20])
            return SignInRefused("no_role", _NO_ROLE.format(identity.email or identity.subject))
        tenant_id = await self._tenant_id(scope)
        if tenant_id is None:
            log.error("oidc.no_tenant", tenant=self._rules.tenant)
            return SignInRefused(
                "no_tenant",
                f"There is no tenant {self._rules.tenant}. Ask the operator of this server to"
                " correct ANGARIUM_OIDC_TENANT.",
            )
        return await self._sign_ins.prepare(
            NewSignIn(
                tenant_id=tenant_id,
                scope=scope,
                subject=identity.subject,
                email=identity.email,
                expires_at=self._now() + timedelta(seconds=CODE_LIFE_S),
                key_life_s=self._rules.key_life_s,
                challenge=opened.challenge,
            )
        )

    async def _tenant_id(self, scope: KeyScope) -> bytes | None:
        if scope is KeyScope.PLATFORM:
            return PLATFORM_TENANT
        return await self._tenants.id_of(self._rules.tenant)

    def _sealed(self, state: _State) -> str:
        return self._seal.close(msgspec.msgpack.encode(state), _PURPOSE).hex()

    def _opened(self, text: str) -> _State | None:
        if len(text) > STATE_CHARS_MAX:
            return None
        try:
            plain = self._seal.open(bytes.fromhex(text), _PURPOSE)
            state = msgspec.msgpack.decode(plain, type=_State)
        except (SealBroken, ValueError, msgspec.MsgspecError):
            return None
        return state if self._now().timestamp() < state.ends_at else None


_NO_ROLE: Final = (
    "{} has no role that may use this console. Ask whoever manages your team's roles for one, or"
    " the operator of this server to add yours to ANGARIUM_OIDC_ROLES."
)
_DETAILS: Final = {
    ProviderFailure.UNREACHABLE: "The identity provider does not answer. Try again.",
    ProviderFailure.REFUSED: "The identity provider refused this sign-in: it expired, or was used"
    " already. Try again.",
    ProviderFailure.INVALID: "The identity provider's answer is not valid for this server. Try"
    " again, and tell the operator if it happens again: the gateway's log has the reason.",
}


def _refusal_of(failure: ProviderFailure) -> SignInRefused:
    return SignInRefused(failure.value, _DETAILS[failure])
