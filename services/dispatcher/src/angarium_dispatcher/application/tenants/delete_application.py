"""Deleting an application."""

from angarium_contracts.configuration import DeleteApplication

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.preconditions import check_precondition
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.application.operational.application import get_customer_application
from angarium_dispatcher.application.operational.endpoint_events import record_endpoints_deleted
from angarium_dispatcher.domain.application import Application


async def delete_application(
    command: DeleteApplication, context: ConfigurationContext
) -> Application:
    """Delete the application and its endpoints. Returns its tombstone. Raises `NotFound`."""

    async def work(change: Change) -> Application:
        application = await get_customer_application(change, command.tenant_id, command.ref)
        check_precondition(command.precondition, application)
        await record_endpoints_deleted(change, application, context)
        return await change.delete_application(application, context.now())

    return await context.changes.apply(work)
