"""Creating, replacing and patching event types.

Event types are not part of the directory that other services copy, and take no directory
version. Dispatchers cache their retry schedules, gateways their schemas, and both are notified
when one changes.
"""

from dataclasses import dataclass, replace
from typing import Any

from angarium_contracts.configuration import CreateEventType, PatchEventType, UpdateEventType
from msgspec import UNSET

from angarium_dispatcher.application.configuration.command_fields import fields_set
from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.preconditions import check_precondition
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.domain.event_type import EventType, check_event_type, check_schemas
from angarium_dispatcher.domain.field_rules import check_new_name
from angarium_dispatcher.domain.refusals import AlreadyTaken, NotFound
from angarium_dispatcher.domain.schedules import check_schedules_count


@dataclass(frozen=True, slots=True)
class SavedEventType:
    """A saved event type. `created`: it did not exist before, or was archived. `before`: as it was
    found."""

    event_type: EventType
    created: bool
    before: EventType | None = None


async def create_event_type(
    command: CreateEventType, context: ConfigurationContext
) -> SavedEventType:
    """Create an event type, or restore an archived one with the new content.

    Raises `InvalidField`, or `AlreadyTaken` for the name.
    """
    event_type = check_event_type(_new(command, context))

    async def work(change: Change) -> SavedEventType:
        found = await change.find_event_type(command.tenant_id, command.name)
        if found is None:
            check_new_name("name", command.name)
            return await _add(event_type, change)
        if not found.archived:
            raise AlreadyTaken("event type", "name", command.name)
        restored = replace(event_type, created_at=found.created_at)
        return await _replace(found, restored, change, created=True)

    return await context.changes.apply(work)


async def replace_event_type(
    command: UpdateEventType, context: ConfigurationContext
) -> SavedEventType:
    """Replace an event type (PUT), or create it. Raises `InvalidField`."""
    event_type = check_event_type(_new(command, context))

    async def work(change: Change) -> SavedEventType:
        found = await change.find_event_type(command.tenant_id, command.name)
        check_precondition(command.precondition, found)
        if found is None:
            check_new_name("event_type_name", command.name)
            return await _add(event_type, change)
        replaced = replace(event_type, created_at=found.created_at)
        if command.retry_delays_s is UNSET:
            replaced = replace(replaced, retry_delays_s=found.retry_delays_s)
        return await _replace(found, replaced, change)

    return await context.changes.apply(work)


async def patch_event_type(
    command: PatchEventType, context: ConfigurationContext
) -> SavedEventType:
    """Change the fields that the patch sets. Raises `NotFound` or `InvalidField`."""

    async def work(change: Change) -> SavedEventType:
        found = await change.find_event_type(command.tenant_id, command.name)
        if found is None:
            raise NotFound("event type")
        check_precondition(command.precondition, found)
        fields = _fields(command)
        event_type = check_event_type(replace(found, **fields, updated_at=context.now()))
        return await _replace(found, event_type, change)

    return await context.changes.apply(work)


async def _add(event_type: EventType, change: Change) -> SavedEventType:
    await _reschedule(None, event_type, change)
    await change.add_event_type(event_type)
    return SavedEventType(event_type, created=True)


async def _replace(
    found: EventType, event_type: EventType, change: Change, *, created: bool = False
) -> SavedEventType:
    await _reschedule(found, event_type, change)
    await change.replace_event_type(event_type)
    return SavedEventType(event_type, created=created, before=found)


async def _reschedule(before: EventType | None, after: EventType, change: Change) -> None:
    previous = None if before is None else before.own_delays_s
    rescheduled = previous != after.own_delays_s
    if rescheduled and previous is None:
        check_schedules_count(await change.count_schedules(after.tenant_id))
    schemas = None if before is None else before.own_schemas
    if rescheduled or schemas != after.own_schemas:
        await change.reschedule(after.tenant_id)


def _new(command: CreateEventType | UpdateEventType, context: ConfigurationContext) -> EventType:
    now = context.now()
    return EventType(created_at=now, updated_at=now, **_fields(command))


def _fields(command: CreateEventType | UpdateEventType | PatchEventType) -> dict[str, Any]:
    fields = fields_set(command, EventType)
    if isinstance(command.schemas, bytes):
        check_schemas(command.schemas)
    # Gateways of earlier versions know only one feature flag.
    if "feature_flags" not in fields and "feature_flag" in fields:
        flag = fields["feature_flag"]
        fields["feature_flags"] = None if flag is None else (flag,)
    return fields
