"""API keys on the wire."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal, TypedDict

from angarium_contracts.ids import API_KEY, APPLICATION, format_id
from msgspec import Meta

from angarium_gateway.application.tenants.api_keys import ApiKey, CreatedKey
from angarium_gateway.domain.permissions import KeyScope

from .fields import ApiSchema, RequestSchema
from .tenants import RatesIn, RatesOut

DISPLAY_NAME_REMEDY = "Use 1 to 256 printable characters, without spaces around them."

KeyName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="The purpose of the key.",
        examples=["billing backend"],
    ),
]
Scope = Annotated[
    Literal["admin", "read", "publish", "application"],
    Meta(
        description="The permissions of the key: `admin` everything, `read` reading everything"
        " except signing secrets and API keys, `publish` posting messages, `application`"
        " everything of one application."
    ),
]


class ApiKeyIn(RequestSchema, frozen=True, kw_only=True):
    """An API key to create."""

    name: KeyName
    scope: Scope
    app_id: Annotated[
        str | None,
        Meta(
            description="The id or uid of the application, required for the scope `application` and"
            " allowed for no other."
        ),
    ] = None
    expires_at: Annotated[
        datetime | None,
        Meta(
            description="When the key stops working, in UTC if it has no offset; `null` or left out"
            " means never."
        ),
    ] = None
    rates: Annotated[
        RatesIn | None,
        Meta(description="The most that the key may use, in addition to the tenant's quotas."),
    ] = None


class ApiKeyFieldsOut(ApiSchema, frozen=True, kw_only=True):
    """Members of all answers about a key."""

    id: Annotated[str, Meta(examples=["key_05jHR6TnRzUGhKWN8Ckr5D"])]
    name: str
    scope: KeyScope
    app_id: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: Annotated[
        datetime | None, Meta(description="When the key was last used, to within two minutes.")
    ]
    revoked_at: datetime | None
    rates: RatesOut


class ApiKeyOut(ApiKeyFieldsOut, frozen=True, kw_only=True):
    """An API key, without its token."""


class ApiKeyCreatedOut(ApiKeyFieldsOut, frozen=True, kw_only=True):
    """A new API key. Its token cannot be read again."""

    token: Annotated[
        str,
        Meta(
            description="The key itself, to be sent as `Authorization: Bearer <token>`.",
            examples=["ang_sk_…"],
        ),
    ]

    def __repr__(self) -> str:
        return f"ApiKeyCreatedOut(id={self.id!r})"


def api_key_out(key: ApiKey) -> ApiKeyOut:
    """A key as clients see it."""
    return ApiKeyOut(**_fields(key))


def api_key_created_out(created: CreatedKey) -> ApiKeyCreatedOut:
    """A new key as its creator sees it."""
    return ApiKeyCreatedOut(**_fields(created.key), token=created.token)


class _Fields(TypedDict):
    id: str
    name: str
    scope: KeyScope
    app_id: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    rates: RatesOut


def _fields(key: ApiKey) -> _Fields:
    application_id = key.application_id
    return _Fields(
        id=format_id(API_KEY, key.id),
        name=key.name,
        scope=key.scope,
        app_id=None if application_id is None else format_id(APPLICATION, application_id),
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        rates=RatesOut(**asdict(key.rates)),
    )
