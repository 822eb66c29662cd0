"""Archiving or removing an event type."""

from dataclasses import replace

from angarium_contracts.configuration import DeleteEventType

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.preconditions import check_precondition
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.domain.event_type import EventType
from angarium_dispatcher.domain.refusals import NotFound


async def delete_event_type(command: DeleteEventType, context: ConfigurationContext) -> EventType:
    """Archive the event type, or remove it with `expunge`. Archiving it again has no effect.
    Returns the event type as it was. Raises `NotFound`."""

    async def work(change: Change) -> EventType:
        found = await change.find_event_type(command.tenant_id, command.name)
        if found is None:
            raise NotFound("event type")
        check_precondition(command.precondition, found)
        if command.expunge:
            await change.remove_event_type(command.tenant_id, command.name)
        elif not found.archived:
            await change.replace_event_type(replace(found, archived=True, updated_at=context.now()))
        if found.own_delays_s is not None or found.own_schemas is not None:
            await change.reschedule(command.tenant_id)
        return found

    return await context.changes.apply(work)
