"""Creating, replacing and patching event types.

They are not part of the directory that other services copy, and take no directory version.
Dispatchers keep their retry schedules in memory, and are told when one changes.
"""

from dataclasses import dataclass, replace

from angarium_contracts.configuration import CreateEventType, PatchEventType, UpdateEventType
from msgspec import UNSET

from angarium_dispatcher.domain.event_type import EventType, check_event_type
from angarium_dispatcher.domain.refusals import AlreadyTaken, NotFound
from angarium_dispatcher.domain.schedules import check_schedules_count

from .configuration_store import Change
from .means import Means
from .references import patched


@dataclass(frozen=True, slots=True)
class SavedEventType:
    """The event type as it now is."""

    event_type: EventType
    created: bool


async def create_event_type(command: CreateEventType, means: Means) -> SavedEventType:
    """An archived one of this name comes back, with the new content. Raises `InvalidMember`,
    or `AlreadyTaken` for the name."""
    event_type = check_event_type(_new(command, means))

    async def work(change: Change) -> SavedEventType:
        found = await change.find_event_type(command.tenant_id, command.name)
        if found is None:
            return await _add(event_type, change)
        if not found.archived:
            raise AlreadyTaken("event type", "name", command.name)
        revived = replace(event_type, created_at=found.created_at)
        return await _replace(found, revived, change, created=True)

    return await means.changes.make(work)


async def replace_event_type(command: UpdateEventType, means: Means) -> SavedEventType:
    """PUT: replace it, or create it."""
    event_type = check_event_type(_new(command, means))

    async def work(change: Change) -> SavedEventType:
        found = await change.find_event_type(command.tenant_id, command.name)
        if found is None:
            return await _add(event_type, change)
        replaced = replace(event_type, created_at=found.created_at)
        if command.retry_delays_s is UNSET:
            replaced = replace(replaced, retry_delays_s=found.retry_delays_s)
        return await _replace(found, replaced, change)

    return await means.changes.make(work)


async def patch_event_type(command: PatchEventType, means: Means) -> SavedEventType:
    """Change only what the patch sets."""

    async def work(change: Change) -> SavedEventType:
        found = await change.find_event_type(command.tenant_id, command.name)
        if found is None:
            raise NotFound("event type")
        members = patched(
            command,
            "description",
            "archived",
            "deprecated",
            "feature_flag",
            "schemas",
            "retry_delays_s",
        )
        event_type = check_event_type(replace(found, **members, updated_at=means.now()))
        return await _replace(found, event_type, change)

    return await means.changes.make(work)


async def _add(event_type: EventType, change: Change) -> SavedEventType:
    await _reschedule(None, event_type, change)
    await change.add_event_type(event_type)
    return SavedEventType(event_type, created=True)


async def _replace(
    found: EventType, event_type: EventType, change: Change, *, created: bool = False
) -> SavedEventType:
    await _reschedule(found, event_type, change)
    await change.replace_event_type(event_type)
    return SavedEventType(event_type, created=created)


async def _reschedule(before: EventType | None, after: EventType, change: Change) -> None:
    had = None if before is None else before.own_delays_s
    if had == after.own_delays_s:
        return
    if had is None:
        check_schedules_count(await change.count_schedules(after.tenant_id))
    await change.reschedule(after.tenant_id)


def _new(command: CreateEventType | UpdateEventType, means: Means) -> EventType:
    now = means.now()
    return EventType(
        tenant_id=command.tenant_id,
        name=command.name,
        description=command.description,
        archived=command.archived,
        deprecated=command.deprecated,
        feature_flag=command.feature_flag,
        schemas=command.schemas,
        created_at=now,
        updated_at=now,
        retry_delays_s=None if command.retry_delays_s is UNSET else command.retry_delays_s,
    )
