"""Disabling an endpoint that does not want webhooks any more, or has taken none for long."""

from angarium_contracts.endpoint_options import DisableEndpoint

from .configuration_store import Change
from .endpoint_events import disable_failing_endpoint
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
        await disable_failing_endpoint(
            change,
            application,
            endpoint,
            means,
            reason=command.reason[:REASON_CHARS_MAX],
            failing_since=command.failing_since,
        )

    await means.changes.make(work)
