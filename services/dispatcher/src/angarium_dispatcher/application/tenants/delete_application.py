"""Deleting an application."""

from dataclasses import dataclass

from angarium_contracts.configuration import DeleteApplication

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.preconditions import check_precondition
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.application.operational.application import get_customer_application
from angarium_dispatcher.application.operational.endpoint_events import record_endpoints_deleted
from angarium_dispatcher.domain.application import Application


@dataclass(frozen=True, slots=True)
class DeletedApplication:
    """The tombstone of an application, and the application as it was."""

    tombstone: Application
    before: Application


async def delete_application(
    command: DeleteApplication, context: ConfigurationContext
) -> DeletedApplication:
    """Delete the application and its endpoints. Raises `NotFound`."""

    async def work(change: Change) -> DeletedApplication:
        application = await get_customer_application(
            change, command.tenant_id, command.ref, command.kind
        )
        check_precondition(command.precondition, application)
        await record_endpoints_deleted(change, application, context)
        tombstone = await change.delete_application(application, context.now())
        return DeletedApplication(tombstone, application)

    return await context.changes.apply(work)
