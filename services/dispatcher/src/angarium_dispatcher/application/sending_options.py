"""How an endpoint is sent to: what of it a command sets. No Svix SDK names these members."""

from typing import Any

from angarium_contracts.configuration import CreateEndpoint, PatchEndpoint, UpdateEndpoint
from msgspec import UNSET

from .means import Means
from .sealed_members import certificate_members, headers_from, proxy_members, seal_headers


def sending_options(
    command: CreateEndpoint | UpdateEndpoint | PatchEndpoint, endpoint_id: bytes, means: Means
) -> dict[str, Any]:
    """Members of `Endpoint`, with what was sealed for the tenant sealed for the endpoint.

    Raises `InvalidMember`, or `SecretNotOpened`.
    """
    tenant_id = command.tenant_id
    members: dict[str, Any] = {}
    if command.timeout_s is not UNSET:
        members["timeout_s"] = command.timeout_s
    if command.header_names is not UNSET:
        members["header_names"] = command.header_names
    if command.fifo is not UNSET:
        members["fifo"] = command.fifo
    if command.concurrency_max is not UNSET:
        members["concurrency_max"] = command.concurrency_max
    if command.retry_delays_s is not UNSET:
        members["retry_delays_s"] = command.retry_delays_s
    if command.sealed_proxy is not UNSET:
        members |= proxy_members(command.sealed_proxy, tenant_id, endpoint_id, means)
    if command.sealed_client_certificate is not UNSET:
        members |= certificate_members(
            command.sealed_client_certificate, tenant_id, endpoint_id, means
        )
    if isinstance(command, CreateEndpoint) and command.sealed_headers is not None:
        headers = headers_from(command.sealed_headers, tenant_id, means)
        members["sealed_headers"] = seal_headers(headers, endpoint_id, means)
    return members
