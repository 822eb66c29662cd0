"""Replacing and patching the custom headers of an endpoint."""

from collections.abc import Callable
from dataclasses import replace

from angarium_contracts.endpoint_options import PatchEndpointHeaders, SetEndpointHeaders

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.references import get_application, get_endpoint
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.application.operational.endpoint_events import replace_endpoint
from angarium_dispatcher.domain.endpoint import Endpoint

from .poller_rules import check_poller
from .save_endpoint import SavedEndpoint
from .sealed_fields import Headers, headers_from, headers_of, headers_patch_from, seal_headers


async def set_endpoint_headers(
    command: SetEndpointHeaders, context: ConfigurationContext
) -> SavedEndpoint:
    """Replace all custom headers. Raises `NotFound`, `InvalidField`, or `SecretNotOpened`."""
    headers = headers_from(command.sealed_headers, command.tenant_id, context)
    return await _save(command, lambda _: headers, context)


async def patch_endpoint_headers(
    command: PatchEndpointHeaders, context: ConfigurationContext
) -> SavedEndpoint:
    """Set some headers and remove those whose value is null. Names are compared without regard to
    case. Raises as `set_endpoint_headers` does."""
    patch = headers_patch_from(command.sealed_headers, command.tenant_id, context)
    named = {name.lower() for name in patch}

    def patched(endpoint: Endpoint) -> Headers:
        kept = headers_of(endpoint, context)
        headers = {name: value for name, value in kept.items() if name.lower() not in named}
        return headers | {name: value for name, value in patch.items() if value is not None}

    return await _save(command, patched, context)


async def _save(
    command: SetEndpointHeaders | PatchEndpointHeaders,
    headers: Callable[[Endpoint], Headers],
    context: ConfigurationContext,
) -> SavedEndpoint:
    async def work(change: Change) -> SavedEndpoint:
        application = await get_application(change, command.tenant_id, command.application_ref)
        found = await get_endpoint(change, application, command.ref)
        sealed = seal_headers(headers(found), found.id, context)
        endpoint = replace(found, sealed_headers=sealed, updated_at=context.now())
        check_poller(endpoint, found)
        application, endpoint = await replace_endpoint(change, application, endpoint, context)
        return SavedEndpoint(endpoint, application, created=False, before=found)

    return await context.changes.apply(work)
