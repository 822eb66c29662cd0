"""How endpoints are sent to, on the wire: headers, secrets, and what Angarium adds to Svix.

A member that Angarium adds is left out of an answer where it says nothing, so that whoever knows
only Svix's shapes sees exactly these.
"""

from datetime import datetime
from typing import Annotated, Literal

from angarium_contracts.configuration import ClientCertificate
from angarium_webhooks.header_rules import HEADER_BYTES_MAX, HEADERS_MAX
from msgspec import UNSET, Meta, UnsetType

from .fields import ApiSchema, Secret

SignatureHeaders = Annotated[
    Literal["webhook", "svix", "both"],
    Meta(
        description="Under which names the signature is sent: `webhook-…` as Standard Webhooks has"
        " them, `svix-…`, or both"
    ),
]
TimeoutSeconds = Annotated[
    int,
    Meta(
        ge=1,
        le=30,
        description="How long an attempt may take in all; null or left out: the platform's own,"
        " 15 unless the operator changed it",
    ),
]
ProxyUrl = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2048,
        examples=["socks5://user:password@proxy.example.com:1080"],
        description="Send through this proxy: `http://` (HTTP CONNECT) or `socks5://`. User name"
        " and password are not shown again",
    ),
]
Certificate = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=32768,
        description="For mutual TLS, PEM: the certificate, its issuers, and its unencrypted private"
        " key. Not shown again",
    ),
]
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


class ClientCertificateOut(ApiSchema, frozen=True, kw_only=True):
    """What is shown of a client certificate."""

    subject: str
    expires_at: datetime


def certificate_out(certificate: ClientCertificate | None) -> ClientCertificateOut | UnsetType:
    """A client certificate as clients see it."""
    if certificate is None:
        return UNSET
    return ClientCertificateOut(subject=certificate.subject, expires_at=certificate.expires_at)
