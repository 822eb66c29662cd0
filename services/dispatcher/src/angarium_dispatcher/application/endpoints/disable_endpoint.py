"""Disabling an endpoint that answered 410 Gone, or that has failed for too long."""

from angarium_contracts.endpoint_options import DisableEndpoint

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.application.operational.endpoint_events import disable_failing_endpoint

REASON_CHARS_MAX = 300


async def disable_endpoint(command: DisableEndpoint, context: ConfigurationContext) -> None:
    """Disable an endpoint at the worker's request.

    The command is safe to repeat: an endpoint that is deleted or disabled stays as it is.
    """

    async def work(change: Change) -> None:
        application = await change.find_application(command.tenant_id, command.application_id)
        if application is None:
            return
        endpoint = await change.find_endpoint(application.id, command.endpoint_id)
        if endpoint is None or endpoint.disabled:
            return
        # The owner changed the endpoint after the worker's attempt, perhaps to repair it.
        # Disabling it now would undo the repair; if it still fails, the worker asks again.
        if endpoint.version > command.version:
            return
        await disable_failing_endpoint(
            change,
            application,
            endpoint,
            context,
            reason=command.reason[:REASON_CHARS_MAX],
            failing_since=command.failing_since,
        )

    await context.changes.apply(work)
