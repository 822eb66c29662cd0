"""Integrations on the wire: API keys of one application, as the Svix API names them."""

from datetime import datetime
from typing import Annotated

from angarium_contracts.ids import API_KEY, format_id
from msgspec import Meta

from angarium_gateway.application.tenants.api_keys import ApiKey

from .fields import DISTINCT, ApiSchema, FeatureFlag, RequestSchema

FLAGS_MAX = 100

IntegrationName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="The third party that uses the key.",
        examples=["Zapier"],
    ),
]
IntegrationFlags = Annotated[
    list[FeatureFlag],
    Meta(
        max_length=FLAGS_MAX,
        extra_json_schema=DISTINCT,
        description="Of the event types that have feature flags, the integration sees those that"
        " have one of these.",
    ),
]


class IntegrationIn(RequestSchema, frozen=True, kw_only=True):
    """An integration to create."""

    name: IntegrationName
    feature_flags: IntegrationFlags | None = None


class IntegrationUpdate(RequestSchema, frozen=True, kw_only=True):
    """An integration to replace an existing one with."""

    name: IntegrationName
    feature_flags: IntegrationFlags | None = None


class IntegrationOut(ApiSchema, frozen=True, kw_only=True):
    """An integration: an API key of one application, without its token."""

    id: Annotated[
        str,
        Meta(
            description="The id of the API key, under which it is in the list of keys and in the"
            " audit log.",
            examples=["key_05jHR6TnRzUGhKWN8Ckr5D"],
        ),
    ]
    name: str
    feature_flags: tuple[str, ...]
    created_at: datetime
    updated_at: datetime


class IntegrationKeyOut(ApiSchema, frozen=True, kw_only=True):
    """The key of an integration. It cannot be read again."""

    key: Annotated[
        str,
        Meta(
            description="To be sent as `Authorization: Bearer <key>`.",
            examples=["ang_sk_…"],
        ),
    ]

    def __repr__(self) -> str:
        return "IntegrationKeyOut()"


def integration_out(key: ApiKey) -> IntegrationOut:
    """A key as clients see it as an integration."""
    return IntegrationOut(
        id=format_id(API_KEY, key.id),
        name=key.name,
        feature_flags=key.feature_flags,
        created_at=key.created_at,
        updated_at=key.updated_at or key.created_at,
    )
