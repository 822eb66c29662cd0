"""Deleting applications, endpoints and event types."""

from dataclasses import replace

from angarium_contracts.configuration import DeleteApplication, DeleteEndpoint, DeleteEventType

from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.refusals import NotFound

from . import endpoint_events
from .configuration_store import Change
from .means import Means
from .operational_application import get_customer
from .references import get_application, get_endpoint


async def delete_application(command: DeleteApplication, means: Means) -> Application:
    """Delete it and its endpoints. Gives the tombstone. Raises `NotFound`."""

    async def work(change: Change) -> Application:
        application = await get_customer(change, command.tenant_id, command.ref)
        await endpoint_events.tell_endpoints_deleted(change, application, means)
        return await change.delete_application(application, means.now())

    return await means.changes.make(work)


async def delete_endpoint(command: DeleteEndpoint, means: Means) -> Application:
    """Delete it. Gives its application, with the version after that. Raises `NotFound`."""

    async def work(change: Change) -> Application:
        application = await get_application(change, command.tenant_id, command.application_ref)
        endpoint = await get_endpoint(change, application, command.ref)
        return await endpoint_events.delete_endpoint(change, application, endpoint, means)

    return await means.changes.make(work)


async def delete_event_type(command: DeleteEventType, means: Means) -> None:
    """Archive it; with `expunge` it is gone. Archiving twice is no error. Raises `NotFound`."""

    async def work(change: Change) -> None:
        found = await change.find_event_type(command.tenant_id, command.name)
        if found is None:
            raise NotFound("event type")
        if command.expunge:
            await change.remove_event_type(command.tenant_id, command.name)
        elif not found.archived:
            await change.replace_event_type(replace(found, archived=True, updated_at=means.now()))
        if found.own_delays_s is not None:
            await change.reschedule(command.tenant_id)

    await means.changes.make(work)
