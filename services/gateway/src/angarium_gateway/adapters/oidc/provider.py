"""An OpenID Connect provider, over HTTP.

OpenID Connect Core 1.0 (section 3.1: authorization code flow), Discovery 1.0, and PKCE (RFC 7636).
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from angarium_gateway.application.tenants.oidc_sign_in import Identity, ProviderFailure
from angarium_gateway.domain.role_scopes import roles_in

ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
"""Asymmetric ones only: a token must not be signed with what is public."""
TIMEOUT_S: Final = 5.0
AT_ONCE_MAX: Final = 10
"""Requests that people without an identity cause at the provider at once."""
METADATA_FRESH_S: Final = 3_600.0
KEYS_FRESH_S: Final = 3_600.0
KEYS_AGAIN_AFTER_S: Final = 10.0
"""How soon keys are read again for a token of an unknown key: providers change theirs."""
LEEWAY_S: Final = 60
SUBJECT_CHARS_MAX: Final = 255
"""OpenID Connect Core 1.0, section 2."""
_DISCOVERY: Final = "/.well-known/openid-configuration"
_BASIC: Final = "client_secret_basic"
_POST: Final = "client_secret_post"
_NEEDED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OidcClient:
    """What the provider knows this server by. `secret` None: a public client."""

    issuer: str
    client_id: str
    secret: str | None = field(repr=False)
    redirect_uri: str
    scopes: str
    roles_claim: str


class ProviderAnswerInvalid(Exception):
    """The provider answers, but not as it must. The text says what is wrong, without a token."""


class OidcProvider:
    """Implements the port `IdentityProvider`."""

    def __init__(
        self, client: OidcClient, *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._clock_s = clock_s
        self._slots = asyncio.Semaphore(AT_ONCE_MAX)
        self._metadata: tuple[Mapping[str, Any], float] | None = None
        self._keys: tuple[KeySet, float] | None = None

    async def authorization_url(
        self, *, state: str, nonce: str, verifier: str
    ) -> str | ProviderFailure:
        """See the port."""
        async with self._session() as session:
            try:
                metadata = await self._discovered(session)
            except (httpx2.HTTPError, ProviderAnswerInvalid, TimeoutError) as error:
                return _failure(error)
            url, _ = session.create_authorization_url(
                metadata["authorization_endpoint"],
                state=state,
                code_verifier=verifier,
                nonce=nonce,
            )
            return str(url)

    async def identity(self, code: str, *, nonce: str, verifier: str) -> Identity | ProviderFailure:
        """See the port."""
        async with self._slots, self._session() as session:
            try:
                return await self._identity(session, code, nonce, verifier)
            except AuthlibBaseError as error:
                log.warning("oidc.code_refused", error=str(error)[:200])
                return ProviderFailure.REFUSED
            except (
                httpx2.HTTPError,
                ProviderAnswerInvalid,
                JoseError,
                ValueError,
                TimeoutError,
            ) as error:
                return _failure(error)

    def _session(self) -> AsyncOAuth2Client:
        client = self._client
        return AsyncOAuth2Client(
            client_id=client.client_id,
            client_secret=client.secret,
            token_endpoint_auth_method="none" if client.secret is None else _BASIC,
            redirect_uri=client.redirect_uri,
            scope=client.scopes,
            code_challenge_method="S256",
            timeout=TIMEOUT_S,
            follow_redirects=False,
        )

    async def _identity(
        self, session: AsyncOAuth2Client, code: str, nonce: str, verifier: str
    ) -> Identity:
        metadata = await self._discovered(session)
        methods = metadata.get("token_endpoint_auth_methods_supported", (_BASIC,))
        if self._client.secret is not None and _BASIC not in methods and _POST in methods:
            session.token_endpoint_auth_method = _POST
        token = await session.fetch_token(
            metadata["token_endpoint"],
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
        )
        access_token = token.get("access_token")
        claims = await self._claims(session, metadata, token.get("id_token"), access_token, nonce)
        if roles_in(claims, self._client.roles_claim) is None:
            claims = await self._with_user_info(session, metadata, claims, access_token)
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_CHARS_MAX:
            raise ProviderAnswerInvalid("the subject is not 1 to 255 characters")
        email = claims.get("email")
        known = isinstance(email, str) and claims.get("email_verified") is not False
        return Identity(
            subject=subject,
            email=email if known else None,
            roles=roles_in(claims, self._client.roles_claim) or frozenset(),
        )

    async def _claims(
        self,
        session: AsyncOAuth2Client,
        metadata: Mapping[str, Any],
        id_token: Any,
        access_token: Any,
        nonce: str,
    ) -> Mapping[str, Any]:
        if not isinstance(id_token, str):
            raise ProviderAnswerInvalid("the answer has no ID token")
        decoded = await self._verified(session, metadata, id_token)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": self._client.issuer},
                "aud": {"essential": True, "value": self._client.client_id},
                "nonce": {"essential": True, "value": nonce},
            },
            params={
                "client_id": self._client.client_id,
                "nonce": nonce,
                "access_token": access_token,
            },
        )
        claims.validate(leeway=LEEWAY_S)
        return dict(claims)

    async def _verified(
        self, session: AsyncOAuth2Client, metadata: Mapping[str, Any], id_token: str
    ) -> jwt.Token:
        keys = await self._signing_keys(session, metadata, max_age_s=KEYS_FRESH_S)
        try:
            return jwt.decode(id_token, keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            again = await self._signing_keys(session, metadata, max_age_s=KEYS_AGAIN_AFTER_S)
            if again is keys:
                raise
            return jwt.decode(id_token, again, algorithms=ALGORITHMS)

    async def _with_user_info(
        self,
        session: AsyncOAuth2Client,
        metadata: Mapping[str, Any],
        claims: Mapping[str, Any],
        access_token: Any,
    ) -> Mapping[str, Any]:
        """The claims with those of the user-info endpoint, where some providers have the roles."""
        endpoint = metadata.get("userinfo_endpoint")
        if not isinstance(endpoint, str) or not isinstance(access_token, str):
            return claims
        bearer = {"authorization": f"Bearer {access_token}"}
        found = await self._json(session, endpoint, bearer)
        if found.get("sub") != claims["sub"]:
            raise ProviderAnswerInvalid("the user info is of another subject")
        return {**found, **claims}

    async def _discovered(self, session: AsyncOAuth2Client) -> Mapping[str, Any]:
        if self._metadata is not None and self._clock_s() < self._metadata[1]:
            return self._metadata[0]
        found = await self._json(session, self._client.issuer.rstrip("/") + _DISCOVERY)
        if found.get("issuer") != self._client.issuer:
            raise ProviderAnswerInvalid(
                f"the issuer is {str(found.get('issuer'))[:200]}, not ANGARIUM_OIDC_ISSUER"
            )
        missing = [name for name in _NEEDED if not isinstance(found.get(name), str)]
        if missing:
            raise ProviderAnswerInvalid(f"the discovery document has no {', '.join(missing)}")
        self._metadata = found, self._clock_s() + METADATA_FRESH_S
        return found

    async def _signing_keys(
        self, session: AsyncOAuth2Client, metadata: Mapping[str, Any], *, max_age_s: float
    ) -> KeySet:
        if self._keys is not None and self._clock_s() - self._keys[1] < max_age_s:
            return self._keys[0]
        found: Any = await self._json(session, metadata["jwks_uri"])
        self._keys = KeySet.import_key_set(found), self._clock_s()
        return self._keys[0]

    async def _json(
        self, session: AsyncOAuth2Client, url: str, headers: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        async with asyncio.timeout(TIMEOUT_S):
            answer = await session.request("GET", url, headers=headers, withhold_token=True)
        answer.raise_for_status()
        found = answer.json()
        if not isinstance(found, dict):
            raise ProviderAnswerInvalid("the answer is no JSON object")
        return found


def _failure(error: Exception) -> ProviderFailure:
    reachable = not isinstance(error, httpx2.HTTPError | TimeoutError)
    reason = str(error) or type(error).__name__
    log.warning("oidc.failed", error=type(error).__name__, reason=reason[:200])
    return ProviderFailure.INVALID if reachable else ProviderFailure.UNREACHABLE
