"""Schemas of endpoints' custom headers and signing secrets."""

from typing import Annotated

from angarium_webhooks.header_rules import HEADER_BYTES_MAX, HEADERS_MAX
from msgspec import Meta

from .fields import ApiSchema, Secret

Headers = Annotated[
    dict[str, str],
    Meta(
        max_length=HEADERS_MAX,
        description=f"Sent with every webhook: at most {HEADERS_MAX}, each at most"
        f" {HEADER_BYTES_MAX} bytes of printable ASCII. Not those that Angarium sets itself, such"
        " as host, user-agent, content-…, webhook-… and svix-…",
        examples=[{"X-Example": "123"}],
    ),
]


class EndpointHeadersIn(ApiSchema, frozen=True, kw_only=True):
    headers: Headers


class EndpointHeadersPatchIn(ApiSchema, frozen=True, kw_only=True):
    headers: Annotated[
        dict[str, str | None], Meta(description="Null removes a header", max_length=2 * HEADERS_MAX)
    ]


class EndpointHeadersOut(ApiSchema, frozen=True, kw_only=True):
    """Headers whose names tell of a secret are only named, in `sensitive`."""

    headers: dict[str, str]
    sensitive: list[str]


class EndpointSecretRotateIn(ApiSchema, frozen=True, kw_only=True):
    key: Secret | None = None
    grace_period_seconds: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=604800,
                description="How long the secret before goes on signing; null or left out: the"
                " platform's own, a day unless the operator changed it",
            ),
        ]
        | None
    ) = None


class EndpointSecretOut(ApiSchema, frozen=True, kw_only=True):
    key: Annotated[
        str,
        Meta(
            description="What verifies the webhooks: the newest secret (`whsec_`), or, where that"
            " is a private key (`whsk_`), its public key (`whpk_`)",
            examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
        ),
    ]
