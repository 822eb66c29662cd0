"""Replacing and patching the custom headers of an endpoint."""

from collections.abc import Callable
from dataclasses import replace

from angarium_contracts.endpoint_options import PatchEndpointHeaders, SetEndpointHeaders

from angarium_dispatcher.domain.endpoint import Endpoint

from .configuration_store import Change
from .endpoint_events import replace_endpoint
from .means import Means
from .references import get_application, get_endpoint
from .save_endpoint import SavedEndpoint
from .sealed_members import Headers, headers_from, headers_of, headers_patch_from, seal_headers


async def set_endpoint_headers(command: SetEndpointHeaders, means: Means) -> SavedEndpoint:
    """Replace them all. Raises `NotFound`, `InvalidMember`, or `SecretNotOpened`."""
    headers = headers_from(command.sealed_headers, command.tenant_id, means)
    return await _save(command, lambda _: headers, means)


async def patch_endpoint_headers(command: PatchEndpointHeaders, means: Means) -> SavedEndpoint:
    """Set some and remove those that are null; letter case makes no difference."""
    patch = headers_patch_from(command.sealed_headers, command.tenant_id, means)
    named = {name.lower() for name in patch}

    def patched(endpoint: Endpoint) -> Headers:
        kept = headers_of(endpoint, means)
        headers = {name: value for name, value in kept.items() if name.lower() not in named}
        return headers | {name: value for name, value in patch.items() if value is not None}

    return await _save(command, patched, means)


async def _save(
    command: SetEndpointHeaders | PatchEndpointHeaders,
    headers: Callable[[Endpoint], Headers],
    means: Means,
) -> SavedEndpoint:
    async def work(change: Change) -> SavedEndpoint:
        application = await get_application(change, command.tenant_id, command.application_ref)
        found = await get_endpoint(change, application, command.ref)
        sealed = seal_headers(headers(found), found.id, means)
        endpoint = replace(found, sealed_headers=sealed, updated_at=means.now())
        application, endpoint = await replace_endpoint(change, application, endpoint, means)
        return SavedEndpoint(endpoint, application, created=False)

    return await means.changes.make(work)
