"""Explanations of failed attempts on the wire."""

from typing import Annotated, Literal, cast

from angarium_contracts.attempts import Explanation
from angarium_webhooks.failures import documentation_of
from msgspec import UNSET, Meta, UnsetType

from .fields import ApiSchema


class EvidenceOut(ApiSchema, frozen=True):
    """One fact of an attempt."""

    name: Annotated[str, Meta(examples=["Valid until"])]
    value: Annotated[str, Meta(examples=["2026-03-01 00:00:00 UTC"])]


class ExplanationOut(ApiSchema, frozen=True, kw_only=True):
    """Why an attempt failed, and what to change."""

    code: Annotated[
        str,
        Meta(
            description="A stable name of the cause, which has a page in the documentation.",
            examples=["tls_certificate_expired"],
        ),
    ]
    cause: Annotated[
        str,
        Meta(
            description="The cause in one sentence.",
            examples=["The certificate of example.com expired on 2026-03-01 00:00:00 UTC."],
        ),
    ]
    remedy: Annotated[
        str,
        Meta(
            description="What to change.",
            examples=["Renew the receiver's certificate, and let its server load the new one."],
        ),
    ]
    remedy_by: Annotated[
        Literal["customer", "operator"],
        Meta(
            description="Who can change it: the customer, who owns the endpoint, or the operator of"
            " the platform."
        ),
    ]
    evidence: Annotated[
        tuple[EvidenceOut, ...], Meta(description="The facts of this attempt that show the cause.")
    ]
    documentation: Annotated[
        str,
        Meta(
            description="The address of the code's page in the documentation; its path there where"
            " the operator has not set `ANGARIUM_DOCUMENTATION_URL`.",
            examples=["https://docs.example.com/reference/failures/tls_certificate_expired/"],
        ),
    ]


def explanation_out(
    explanation: Explanation | None, documentation_url: str | None
) -> ExplanationOut | UnsetType:
    """An explanation as clients see it; unset if there is none. Its page is a path without
    `documentation_url`, which is where the documentation is published."""
    if explanation is None:
        return UNSET
    return ExplanationOut(
        code=explanation.code,
        cause=explanation.cause,
        remedy=explanation.remedy,
        remedy_by=cast("Literal['customer', 'operator']", explanation.remedy_by),
        evidence=tuple([EvidenceOut(each.name, each.value) for each in explanation.evidence]),
        documentation=_page(explanation.code, documentation_url),
    )


def _page(code: str, documentation_url: str | None) -> str:
    path = documentation_of(code)
    return path if documentation_url is None else f"{documentation_url.rstrip('/')}/{path}/"
