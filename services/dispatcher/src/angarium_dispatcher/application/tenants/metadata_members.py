"""Members of metadata that name a person: finding the applications that have one, and removing
it."""

from dataclasses import replace
from typing import Final

from angarium_contracts.metadata_members import (
    ApplicationPosition,
    FindNamedApplications,
    ForgetMetadataMember,
    NamedApplications,
)
from angarium_contracts.queries import Done

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.store import Change, ConfigurationReads

LOOKED_MAX: Final = 500
"""Applications that one query examines."""


async def find_named_applications(
    question: FindNamedApplications, reads: ConfigurationReads
) -> NamedApplications:
    """The applications with the member, among those after a position."""
    member = question.key, question.value
    if question.application_id is not None:
        one = await reads.find_application(question.tenant_id, question.application_id)
        has_it = one is not None and member in one.metadata.items()
        return NamedApplications((question.application_id,) if has_it else ())
    limit = max(1, min(question.limit, LOOKED_MAX))
    after = None if question.after is None else (question.after.kind, question.after.id)
    looked = await reads.applications_after(question.tenant_id, after, limit)
    last = looked[-1] if len(looked) == limit else None
    return NamedApplications(
        tuple([each.id for each in looked if member in each.metadata.items()]),
        None if last is None else ApplicationPosition(last.kind, last.id),
    )


async def forget_metadata_member(
    command: ForgetMetadataMember, context: ConfigurationContext
) -> Done:
    """Remove the member from an application's metadata, unless it has another value by now."""

    async def work(change: Change) -> None:
        found = await change.find_application(command.tenant_id, command.application_id)
        if found is None or found.metadata.get(command.key) != command.value:
            return
        metadata = {key: value for key, value in found.metadata.items() if key != command.key}
        await change.replace_application(
            replace(found, metadata=metadata, updated_at=context.now())
        )

    await context.changes.apply(work)
    return Done()
