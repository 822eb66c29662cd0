"""Event types in API descriptions, on the wire."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType, field

from .fields import ApiSchema, RequestSchema


class EventTypeImportOpenApiIn(RequestSchema, frozen=True, kw_only=True):
    """An OpenAPI document with webhooks, as JSON or as text."""

    dry_run: Annotated[
        bool, Meta(description="Only answer with the event types that would be changed.")
    ] = False
    replace_all: Annotated[
        bool, Meta(description="Archive the event types that the document does not have.")
    ] = False
    spec: (
        Annotated[dict[str, Any], Meta(description="The document as JSON. Give this or `specRaw`.")]
        | None
    ) = None
    spec_raw: (
        Annotated[
            str,
            Meta(
                description="The document as a text in JSON or YAML, without aliases.",
                examples=["openapi: 3.1.0\nwebhooks: {}\n"],
            ),
        ]
        | None
    ) = None


class EventTypeFromOpenApi(ApiSchema, frozen=True, kw_only=True):
    """An event type as the document describes it."""

    name: str
    description: str
    deprecated: bool
    schemas: dict[str, Any] | None
    group_name: str | None
    feature_flags: tuple[str, ...] | None


class EventTypeImportOpenApiOutData(ApiSchema, frozen=True, kw_only=True):
    """Event types that an import changed, or would change."""

    modified: Annotated[list[str], Meta(description="Names of the event types that were changed.")]
    to_modify: Annotated[
        list[EventTypeFromOpenApi] | UnsetType,
        Meta(description="With `dryRun`, those that would be created or changed."),
    ] = field(default=UNSET, name="to_modify")  # as the Svix SDKs read it


class EventTypeImportOpenApiOut(ApiSchema, frozen=True, kw_only=True):
    """The result of an import."""

    data: EventTypeImportOpenApiOutData


class OpenApiOut(ApiSchema, frozen=True, kw_only=True):
    """An OpenAPI 3.1 document with webhooks."""

    openapi: str
    info: dict[str, Any]
    webhooks: dict[str, Any]
    components: dict[str, Any]


class AsyncApiOut(ApiSchema, frozen=True, kw_only=True):
    """An AsyncAPI 3.0 document."""

    asyncapi: str
    info: dict[str, Any]
    default_content_type: str
    channels: dict[str, Any]
    operations: dict[str, Any]
