"""Deleting an endpoint."""

from angarium_contracts.configuration import DeleteEndpoint

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.preconditions import check_precondition
from angarium_dispatcher.application.configuration.references import get_application, get_endpoint
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.application.operational import endpoint_events
from angarium_dispatcher.domain.application import Application


async def delete_endpoint(command: DeleteEndpoint, context: ConfigurationContext) -> Application:
    """Delete the endpoint. Returns its application with its new version. Raises `NotFound`."""

    async def work(change: Change) -> Application:
        application = await get_application(change, command.tenant_id, command.application_ref)
        endpoint = await get_endpoint(change, application, command.ref)
        check_precondition(command.precondition, endpoint)
        return await endpoint_events.delete_endpoint(change, application, endpoint, context)

    return await context.changes.apply(work)
