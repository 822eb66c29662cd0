"""Members of endpoints that must not be readable on their way or at rest.

They come sealed for the tenant, are checked in the clear here, and are kept sealed for the
endpoint.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from angarium_chassis.sealing import SealBroken
from angarium_webhooks.client_certificate import (
    CertificateFacts,
    CertificateRefused,
    check_client_certificate,
)
from angarium_webhooks.header_rules import HeaderRefused, check_custom_headers

from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.refusals import InvalidMember, SecretNotOpened

from .means import Means
from .proxy_url import parse_proxy_url

type Headers = Mapping[str, str]

_headers_decoder = msgspec.json.Decoder(dict[str, str])
_patch_decoder = msgspec.json.Decoder(dict[str, str | None])


def seal_headers(headers: Headers, endpoint_id: bytes, means: Means) -> bytes | None:
    """Check and seal custom headers; None for none. Raises `InvalidMember`."""
    try:
        check_custom_headers(headers)
    except HeaderRefused as refusal:
        # A dot in a header's name would read as a step into the body.
        member = f"headers.{refusal.name}" if refusal.name.replace("-", "").isalnum() else "headers"
        raise InvalidMember(member, str(refusal)) from None
    if not headers:
        return None
    return means.seal.close(msgspec.json.encode(headers), endpoint_id)


def headers_from(sealed: bytes, tenant_id: bytes, means: Means) -> Headers:
    """What a client set. Raises `InvalidMember` or `SecretNotOpened`."""
    return _decoded(_headers_decoder, open_sealed(sealed, tenant_id, means))


def headers_patch_from(sealed: bytes, tenant_id: bytes, means: Means) -> Mapping[str, str | None]:
    """What a client changed; None removes. Raises as `headers_from`."""
    return _decoded(_patch_decoder, open_sealed(sealed, tenant_id, means))


def headers_of(endpoint: Endpoint, means: Means) -> Headers:
    """The custom headers that an endpoint has. Raises `SecretNotOpened`."""
    if endpoint.sealed_headers is None:
        return {}
    return _headers_decoder.decode(open_sealed(endpoint.sealed_headers, endpoint.id, means))


def proxy_members(
    sealed: bytes | None, tenant_id: bytes, endpoint_id: bytes, means: Means
) -> dict[str, Any]:
    """The endpoint's members of a proxy. Raises `InvalidMember` or `SecretNotOpened`."""
    if sealed is None:
        return {"sealed_proxy": None, "proxy_shown": None}
    text = open_sealed(sealed, tenant_id, means).decode("utf-8", "replace")
    proxy = parse_proxy_url(text)
    kept = means.seal.close(proxy.url.encode(), endpoint_id)
    return {"sealed_proxy": kept, "proxy_shown": proxy.shown}


def certificate_members(
    sealed: bytes | None, tenant_id: bytes, endpoint_id: bytes, means: Means
) -> dict[str, Any]:
    """The endpoint's members of a client certificate. Raises as `proxy_members`."""
    kept: bytes | None = None
    facts: CertificateFacts | None = None
    if sealed is not None:
        pem = open_sealed(sealed, tenant_id, means)
        try:
            facts = check_client_certificate(pem, means.now())
        except CertificateRefused as refusal:
            raise InvalidMember("clientCertificate", str(refusal)) from None
        kept = means.seal.close(pem, endpoint_id)
    return {
        "sealed_certificate": kept,
        "certificate_subject": None if facts is None else facts.subject,
        "certificate_expires_at": None if facts is None else facts.expires_at,
    }


def open_sealed(sealed: bytes, associated: bytes, means: Means) -> bytes:
    """Open it. Raises `SecretNotOpened`."""
    try:
        return means.seal.open(sealed, associated)
    except SealBroken:
        raise SecretNotOpened from None


def _decoded[T](decoder: msgspec.json.Decoder[T], text: bytes) -> T:
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise InvalidMember("headers", "Give a JSON object from name to value.") from None
