"""Schemas of endpoints' custom headers and signing secrets."""

from typing import Annotated

from angarium_webhooks.header_rules import HEADER_BYTES_MAX, HEADERS_MAX
from msgspec import Meta

from .fields import ApiSchema, RequestSchema, Secret

Headers = Annotated[
    dict[str, str],
    Meta(
        max_length=HEADERS_MAX,
        description=f"Headers to send with every webhook: at most {HEADERS_MAX}, each of at most"
        f" {HEADER_BYTES_MAX} bytes of printable ASCII. Headers that Angarium sets, such as `host`,"
        " `user-agent`, `content-…`, `webhook-…` and `svix-…`, cannot be set.",
        examples=[{"X-Example": "123"}],
    ),
]


class EndpointHeadersIn(RequestSchema, frozen=True, kw_only=True):
    """The custom headers of an endpoint."""

    headers: Headers


class EndpointHeadersPatchIn(RequestSchema, frozen=True, kw_only=True):
    """Changes of the custom headers of an endpoint."""

    headers: (
        Annotated[
            dict[str, str | None],
            Meta(
                description="Headers to add or change; `null` removes one. May be left out if"
                " `deleteHeaders` is given.",
                max_length=2 * HEADERS_MAX,
            ),
        ]
        | None
    ) = None
    delete_headers: (
        Annotated[
            list[str],
            Meta(
                description="Names of headers to remove, in any letter case. Unknown names are no"
                " error.",
                max_length=2 * HEADERS_MAX,
            ),
        ]
        | None
    ) = None


class EndpointHeadersOut(ApiSchema, frozen=True, kw_only=True):
    """Custom headers. Those that suggest a secret are named in `sensitive`, without values."""

    headers: dict[str, str]
    sensitive: list[str]


class EndpointSecretRotateIn(RequestSchema, frozen=True, kw_only=True):
    """The new secret of an endpoint."""

    key: Secret | None = None
    grace_period_seconds: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=604800,
                description="Seconds for which the previous secret keeps signing; `null` means the"
                " platform's own, a day by default.",
            ),
        ]
        | None
    ) = None


class EndpointSecretOut(ApiSchema, frozen=True, kw_only=True):
    """The key that verifies an endpoint's webhooks."""

    key: Annotated[
        str,
        Meta(
            description="The newest secret (`whsec_`) or, if the endpoint signs with a private key"
            " (`whsk_`), its public key (`whpk_`).",
            examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
        ),
    ]
