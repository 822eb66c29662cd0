"""Fields of an endpoint that a command sets."""

from typing import Any

from angarium_contracts.configuration import CreateEndpoint, PatchEndpoint, UpdateEndpoint
from angarium_webhooks.endpoint_url import UrlRefused, check_endpoint_url
from angarium_webhooks.stream_url import is_stream_url, parse_stream_url
from msgspec import UNSET

from angarium_dispatcher.application.configuration.command_fields import fields_set
from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.refusals import InvalidField

from .sealed_fields import certificate_fields, headers_from, proxy_fields, seal_headers

type EndpointCommand = CreateEndpoint | UpdateEndpoint | PatchEndpoint


def endpoint_fields(
    command: EndpointCommand, endpoint_id: bytes, context: ConfigurationContext
) -> dict[str, Any]:
    """Fields of `Endpoint`: the URL in canonical form, sealed values resealed for the endpoint.

    Raises `InvalidField`, or `SecretNotOpened`.
    """
    fields = {
        name: value
        for name, value in fields_set(command, Endpoint).items()
        # On a command these are sealed for the tenant. An endpoint that stored them so would
        # be accepted here, and fail in the worker.
        if not name.startswith("sealed_")
    }
    if "url" in fields:
        fields["url"] = canonical_url(fields["url"], context)
    return fields | _resealed_fields(command, endpoint_id, context)


def canonical_url(url: str, context: ConfigurationContext) -> str:
    """The URL as it is stored and sent to. Raises `InvalidField`."""
    try:
        if is_stream_url(url):
            return _stream_url(url, context)
        return check_endpoint_url(url, allow_http=context.limits.allow_http)
    except UrlRefused as refusal:
        raise InvalidField("url", f"{refusal.reason} {refusal.remedy}") from None


def _stream_url(url: str, context: ConfigurationContext) -> str:
    if not context.limits.allow_streams:
        raise UrlRefused(
            "The URL is that of a stream, and this installation delivers webhooks only.",
            "Use https://, or ask the operator to set ANGARIUM_STREAM_DESTINATIONS=true.",
        )
    return parse_stream_url(url).canonical


def _resealed_fields(
    command: EndpointCommand, endpoint_id: bytes, context: ConfigurationContext
) -> dict[str, Any]:
    tenant_id = command.tenant_id
    fields: dict[str, Any] = {}
    if command.sealed_proxy is not UNSET:
        fields |= proxy_fields(command.sealed_proxy, tenant_id, endpoint_id, context)
    if command.sealed_client_certificate is not UNSET:
        sealed = command.sealed_client_certificate
        fields |= certificate_fields(sealed, tenant_id, endpoint_id, context)
    if isinstance(command, CreateEndpoint) and command.sealed_headers is not None:
        headers = headers_from(command.sealed_headers, tenant_id, context)
        fields["sealed_headers"] = seal_headers(headers, endpoint_id, context)
    return fields
