"""Signing in to the console, on the wire."""

from datetime import datetime
from typing import Annotated

from angarium_contracts.ids import API_KEY, TENANT, format_id
from msgspec import Meta

from angarium_gateway.application.tenants.api_keys import CreatedKey
from angarium_gateway.domain.permissions import PLATFORM_TENANT, KeyScope

from .fields import ApiSchema, RequestSchema

Verifier = Annotated[
    str,
    Meta(
        min_length=43,
        max_length=128,
        pattern=r"^[A-Za-z0-9._~-]+$",
        description="The secret of the browser that began to sign in with OpenID Connect, of which"
        " it sent the `challenge` then.",
    ),
]


class OidcMethodOut(ApiSchema, frozen=True, kw_only=True):
    """Signing in with OpenID Connect."""

    name: Annotated[
        str, Meta(description="What people call the provider.", examples=["Example SSO"])
    ]


class SignInMethodsOut(ApiSchema, frozen=True, kw_only=True):
    """The ways to sign in to the console."""

    api_key: bool
    sign_in_link: bool
    oidc: Annotated[
        OidcMethodOut | None, Meta(description="`null` unless the operator has set it up.")
    ]


class OidcIn(RequestSchema, frozen=True, kw_only=True):
    """The browser that begins to sign in."""

    challenge: Annotated[
        str,
        Meta(
            min_length=43,
            max_length=43,
            pattern=r"^[A-Za-z0-9_-]+$",
            description="The SHA-256 of a secret that the browser keeps, in base64url without"
            " padding. The secret is sent as `verifier` when the code is exchanged.",
            examples=["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
        ),
    ]


class OidcOut(ApiSchema, frozen=True, kw_only=True):
    """Where the browser goes to sign in."""

    authorization_url: str


class SignInIn(RequestSchema, frozen=True, kw_only=True):
    """The code of a sign-in link."""

    code: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=256,
            description="The code in the fragment of the link. It works once.",
            examples=["ang_sc_…"],
        ),
    ]
    verifier: Verifier | None = None

    def __repr__(self) -> str:
        return "SignInIn()"


class SignInOut(ApiSchema, frozen=True, kw_only=True):
    """The API key that was made by signing in."""

    token: Annotated[
        str,
        Meta(
            description="The key itself, to be sent as `Authorization: Bearer <token>`.",
            examples=["ang_sk_…"],
        ),
    ]
    id: Annotated[str, Meta(examples=["key_05jHR6TnRzUGhKWN8Ckr5D"])]
    name: str
    scope: KeyScope
    tenant_id: Annotated[str | None, Meta(description="`null` for a key of the platform.")]
    subject: str
    email: str | None
    expires_at: datetime

    def __repr__(self) -> str:
        return f"SignInOut(id={self.id!r})"


def sign_in_out(created: CreatedKey) -> SignInOut:
    """The key of a sign-in as the browser gets it."""
    key = created.key
    if key.subject is None or key.expires_at is None:
        raise ValueError("the key of a sign-in has a subject and an end")
    of_platform = key.tenant_id == PLATFORM_TENANT
    return SignInOut(
        token=created.token,
        id=format_id(API_KEY, key.id),
        name=key.name,
        scope=key.scope,
        tenant_id=None if of_platform else format_id(TENANT, key.tenant_id),
        subject=key.subject,
        email=key.email,
        expires_at=key.expires_at,
    )
