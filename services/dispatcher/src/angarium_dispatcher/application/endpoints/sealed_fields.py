"""Fields of endpoints that are sealed in transit and at rest.

They arrive sealed for the tenant, are checked in the clear, and are stored sealed for the
endpoint, so that one endpoint's secret cannot be copied to another by an edit of the table.
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
from angarium_webhooks.egress.destination_url import refused_host
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.egress.proxy_url import Proxy, ProxyUrlRefused
from angarium_webhooks.header_rules import HeaderRefused, check_custom_headers

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.refusals import InvalidField, SecretNotOpened

type Headers = Mapping[str, str]

_headers_decoder = msgspec.json.Decoder(dict[str, str])
_patch_decoder = msgspec.json.Decoder(dict[str, str | None])


def seal_headers(
    headers: Headers, endpoint_id: bytes, context: ConfigurationContext
) -> bytes | None:
    """Check and seal custom headers. Returns None when there are none. Raises `InvalidField`."""
    try:
        check_custom_headers(headers)
    except HeaderRefused as refusal:
        # A dot in a header's name would be read as a step into the body.
        plain = refusal.name.replace("-", "").isalnum()
        raise InvalidField(
            f"headers.{refusal.name}" if plain else "headers", str(refusal)
        ) from None
    if not headers:
        return None
    return context.seal.close(msgspec.json.encode(headers), endpoint_id)


def headers_from(sealed: bytes, tenant_id: bytes, context: ConfigurationContext) -> Headers:
    """Headers that a client set. Raises `InvalidField` or `SecretNotOpened`."""
    return _decoded(_headers_decoder, open_sealed(sealed, tenant_id, context))


def headers_patch_from(
    sealed: bytes, tenant_id: bytes, context: ConfigurationContext
) -> Mapping[str, str | None]:
    """Changes to headers; None removes one. Raises as `headers_from` does."""
    return _decoded(_patch_decoder, open_sealed(sealed, tenant_id, context))


def headers_of(endpoint: Endpoint, context: ConfigurationContext) -> Headers:
    """Custom headers of an endpoint. Raises `SecretNotOpened`."""
    if endpoint.sealed_headers is None:
        return {}
    return _headers_decoder.decode(open_sealed(endpoint.sealed_headers, endpoint.id, context))


def proxy_fields(
    sealed: bytes | None, tenant_id: bytes, endpoint_id: bytes, context: ConfigurationContext
) -> dict[str, Any]:
    """Fields of `Endpoint` that hold its proxy. Raises `InvalidField` or `SecretNotOpened`."""
    if sealed is None:
        return {"sealed_proxy": None, "proxy_shown": None}
    text = open_sealed(sealed, tenant_id, context).decode("utf-8", "replace")
    proxy = _allowed_proxy(text, context.limits.egress)
    kept = context.seal.close(proxy.url.encode(), endpoint_id)
    return {"sealed_proxy": kept, "proxy_shown": proxy.shown}


def certificate_fields(
    sealed: bytes | None, tenant_id: bytes, endpoint_id: bytes, context: ConfigurationContext
) -> dict[str, Any]:
    """Fields of `Endpoint` that hold its client certificate. Raises as `proxy_fields` does."""
    kept: bytes | None = None
    facts: CertificateFacts | None = None
    if sealed is not None:
        pem = open_sealed(sealed, tenant_id, context)
        try:
            facts = check_client_certificate(pem, context.now())
        except CertificateRefused as refusal:
            raise InvalidField("client_certificate", str(refusal)) from None
        kept = context.seal.close(pem, endpoint_id)
    return {
        "sealed_certificate": kept,
        "certificate_subject": None if facts is None else facts.subject,
        "certificate_expires_at": None if facts is None else facts.expires_at,
    }


def open_sealed(sealed: bytes, associated: bytes, context: ConfigurationContext) -> bytes:
    """Decrypt a sealed value. Raises `SecretNotOpened`."""
    try:
        return context.seal.open(sealed, associated)
    except SealBroken:
        raise SecretNotOpened from None


def _allowed_proxy(url: str, rules: EgressRules) -> Proxy:
    """An endpoint's own proxy must be allowed as its host must. Raises `InvalidField`, whose
    message never contains the URL."""
    try:
        proxy = Proxy.parse(url)
    except ProxyUrlRefused as refused:
        raise InvalidField("proxy_url", str(refused)) from None
    refused_proxy = refused_host(proxy.host, proxy.port, rules)
    if refused_proxy is not None:
        raise InvalidField("proxy_url", str(refused_proxy))
    return proxy


def _decoded[T](decoder: msgspec.json.Decoder[T], text: bytes) -> T:
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise InvalidField(
            "headers", "`headers` must be a JSON object of names and values."
        ) from None
