"""Fields of an endpoint that a command sets."""

from typing import Any

from angarium_contracts.configuration import CreateEndpoint, PatchEndpoint, UpdateEndpoint
from angarium_contracts.polling import POLL_URL
from angarium_webhooks.egress.destination_url import check_destination, parse_destination
from angarium_webhooks.endpoint_url import UrlRefused
from msgspec import UNSET

from angarium_dispatcher.application.configuration.command_fields import fields_set
from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.refusals import InvalidField

from .poller_rules import is_poll_url
from .sealed_authentication import authentication_fields, ca_fields
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
    if context.limits.public_url is None:
        _refuse_without_public_url(fields)
    return fields | _resealed_fields(command, endpoint_id, context)


def _refuse_without_public_url(fields: dict[str, Any]) -> None:
    """Thin events lead to the gateway, and a handshake names its host. Raises `InvalidField`."""
    for field, value, needs in (
        ("payload_format", "thin", "Thin events need a URL from which receivers fetch payloads."),
        ("handshake", True, "A handshake names the host of this platform."),
    ):
        if fields.get(field) == value:
            raise InvalidField(
                field,
                f"{needs} Ask the operator to set ANGARIUM_PUBLIC_URL for all services, or choose"
                " another value.",
            )


def canonical_url(url: str, context: ConfigurationContext) -> str:
    """The URL as it is stored and sent to. Raises `InvalidField`."""
    if is_poll_url(url):
        return POLL_URL
    limits = context.limits
    try:
        destination = parse_destination(
            url, allow_http=limits.allow_http, allow_streams=limits.allow_streams
        )
        check_destination(destination, limits.egress)
    except UrlRefused as refusal:
        raise InvalidField("url", str(refusal)) from None
    return destination.canonical


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
    if command.sealed_authentication is not UNSET:
        sealed = command.sealed_authentication
        fields |= authentication_fields(sealed, tenant_id, endpoint_id, context)
    if command.sealed_ca_certificates is not UNSET:
        fields |= ca_fields(command.sealed_ca_certificates, tenant_id, endpoint_id, context)
    if isinstance(command, CreateEndpoint) and command.sealed_headers is not None:
        headers = headers_from(command.sealed_headers, tenant_id, context)
        fields["sealed_headers"] = seal_headers(headers, endpoint_id, context)
    return fields
