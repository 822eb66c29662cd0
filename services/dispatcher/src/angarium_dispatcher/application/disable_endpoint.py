"""Disabling an endpoint that said it does not want webhooks any more."""

from dataclasses import replace

from angarium_contracts.endpoint_options import DisableEndpoint

from .configuration_store import Change
from .means import Means

REASON_CHARS_MAX = 300


async def disable_endpoint(command: DisableEndpoint, means: Means) -> None:
    """Disable it, unless it was changed after the version that the worker sent with: then its
    owner may just have mended it, and the next answer will tell. Carrying it out twice is safe;
    an endpoint that is gone or disabled already is left as it is."""

    async def work(change: Change) -> None:
        application = await change.find_application(command.tenant_id, command.application_id)
        if application is None:
            return
        endpoint = await change.find_endpoint(application.id, command.endpoint_id)
        if endpoint is None or endpoint.disabled or endpoint.version > command.version:
            return
        disabled = replace(
            endpoint,
            disabled=True,
            disabled_reason=command.reason[:REASON_CHARS_MAX],
            updated_at=means.now(),
        )
        await change.replace_endpoint(application, disabled)

    await means.changes.make(work)
