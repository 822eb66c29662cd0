"""Authentication and CA certificates of endpoints: checked in the clear, stored sealed."""

from typing import Any

from angarium_webhooks.ca_certificates import check_ca_certificates
from angarium_webhooks.client_certificate import CertificateRefused
from angarium_webhooks.egress.destination_url import check_destination
from angarium_webhooks.endpoint_authentication import (
    AuthenticationRefused,
    check_authentication,
    decode_authentication,
    encode_authentication,
)
from angarium_webhooks.endpoint_url import UrlRefused, parse_endpoint_url
from msgspec.structs import replace

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.domain.refusals import InvalidField

from .sealed_fields import open_sealed


def authentication_fields(
    sealed: bytes | None, tenant_id: bytes, endpoint_id: bytes, context: ConfigurationContext
) -> dict[str, Any]:
    """Fields of `Endpoint` that hold its authentication. Raises `InvalidField` or
    `SecretNotOpened`."""
    if sealed is None:
        return {"sealed_authentication": None, "authentication_shown": None}
    try:
        given = decode_authentication(open_sealed(sealed, tenant_id, context))
        check_authentication(given)
    except AuthenticationRefused as refusal:
        raise InvalidField("sealed_authentication", str(refusal), (refusal.field,)) from None
    except ValueError as error:
        raise InvalidField("sealed_authentication", f"Use an object: {error}.") from None
    if given.token_url is not None:
        given = replace(given, token_url=_token_url(given.token_url, context))
    kept = context.seal.close(encode_authentication(given), endpoint_id)
    return {"sealed_authentication": kept, "authentication_shown": given.shown()}


def ca_fields(
    sealed: bytes | None, tenant_id: bytes, endpoint_id: bytes, context: ConfigurationContext
) -> dict[str, Any]:
    """Fields of `Endpoint` that hold its CA certificates. Raises as `authentication_fields`."""
    if sealed is None:
        return {"sealed_ca": None, "ca_shown": None}
    pem = open_sealed(sealed, tenant_id, context)
    try:
        facts = check_ca_certificates(pem, context.now())
    except CertificateRefused as refusal:
        raise InvalidField("sealed_ca_certificates", str(refusal)) from None
    kept = context.seal.close(pem, endpoint_id)
    return {
        "sealed_ca": kept,
        "ca_shown": tuple([(each.subject, each.expires_at) for each in facts]),
    }


def _token_url(url: str, context: ConfigurationContext) -> str:
    """The token URL in canonical form: the worker may send there as to an endpoint."""
    limits = context.limits
    try:
        parsed = parse_endpoint_url(url, allow_http=limits.allow_http)
        check_destination(parsed, limits.egress)
    except UrlRefused as refusal:
        raise InvalidField("sealed_authentication", str(refusal), ("tokenUrl",)) from None
    return parsed.canonical
