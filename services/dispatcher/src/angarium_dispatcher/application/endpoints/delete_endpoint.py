"""Deleting an endpoint."""

from dataclasses import dataclass

from angarium_contracts.configuration import DeleteEndpoint

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.preconditions import check_precondition
from angarium_dispatcher.application.configuration.references import get_application, get_endpoint
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.application.operational import endpoint_events
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class DeletedEndpoint:
    """The application of a deleted endpoint with its new version, and the endpoint as it was."""

    application: Application
    before: Endpoint


async def delete_endpoint(
    command: DeleteEndpoint, context: ConfigurationContext
) -> DeletedEndpoint:
    """Delete the endpoint. Raises `NotFound`."""

    async def work(change: Change) -> DeletedEndpoint:
        application = await get_application(change, command.tenant_id, command.application_ref)
        endpoint = await get_endpoint(change, application, command.ref)
        check_precondition(command.precondition, endpoint)
        application = await endpoint_events.delete_endpoint(change, application, endpoint, context)
        return DeletedEndpoint(application, endpoint)

    return await context.changes.apply(work)
