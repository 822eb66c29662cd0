"""Creating, replacing and patching event types.

They are not part of the directory that other services copy, and take no directory version.
"""

from dataclasses import dataclass, replace

from angarium_contracts.configuration import CreateEventType, PatchEventType, UpdateEventType

from angarium_dispatcher.domain.event_type import EventType, check_event_type
from angarium_dispatcher.domain.refusals import AlreadyTaken, NotFound

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
            await change.add_event_type(event_type)
            return SavedEventType(event_type, created=True)
        if not found.archived:
            raise AlreadyTaken("event type", "name", command.name)
        revived = replace(event_type, created_at=found.created_at)
        await change.replace_event_type(revived)
        return SavedEventType(revived, created=True)

    return await means.changes.make(work)


async def replace_event_type(command: UpdateEventType, means: Means) -> SavedEventType:
    """PUT: replace it, or create it."""
    event_type = check_event_type(_new(command, means))

    async def work(change: Change) -> SavedEventType:
        found = await change.find_event_type(command.tenant_id, command.name)
        if found is None:
            await change.add_event_type(event_type)
            return SavedEventType(event_type, created=True)
        replaced = replace(event_type, created_at=found.created_at)
        await change.replace_event_type(replaced)
        return SavedEventType(replaced, created=False)

    return await means.changes.make(work)


async def patch_event_type(command: PatchEventType, means: Means) -> SavedEventType:
    """Change only what the patch sets."""

    async def work(change: Change) -> SavedEventType:
        found = await change.find_event_type(command.tenant_id, command.name)
        if found is None:
            raise NotFound("event type")
        members = patched(
            command, "description", "archived", "deprecated", "feature_flag", "schemas"
        )
        event_type = check_event_type(replace(found, **members, updated_at=means.now()))
        await change.replace_event_type(event_type)
        return SavedEventType(event_type, created=False)

    return await means.changes.make(work)


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
    )
