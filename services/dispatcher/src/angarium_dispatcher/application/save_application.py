"""Creating, replacing and patching applications."""

from dataclasses import dataclass, replace

from angarium_contracts.configuration import (
    CreateApplication,
    PatchApplication,
    UpdateApplication,
)
from msgspec import UNSET

from angarium_dispatcher.domain.application import Application, check_application
from angarium_dispatcher.domain.refusals import AlreadyTaken, InvalidMember, NotFound

from .configuration_store import Change
from .means import Means
from .operational_application import get_customer, refuse_operational
from .references import application_ref, patched


@dataclass(frozen=True, slots=True)
class SavedApplication:
    """The application as it now is. `created`: it did not exist before."""

    application: Application
    created: bool


async def create_application(command: CreateApplication, means: Means) -> SavedApplication:
    """Raises `InvalidMember`, or `AlreadyTaken` for the uid unless `get_if_exists`."""
    application = check_application(_new(command, command.uid, means))

    async def work(change: Change) -> SavedApplication:
        if command.uid is not None:
            holder = await change.find_application(command.tenant_id, command.uid)
            if holder is not None and command.get_if_exists:
                return SavedApplication(holder, created=False)
            _refuse_taken(holder, application)
        return SavedApplication(await change.add_application(application), created=True)

    return await means.changes.make(work)


async def replace_application(command: UpdateApplication, means: Means) -> SavedApplication:
    """PUT: an unknown uid is created, an unknown id is `NotFound`.

    Named by its uid, an application keeps it unless the body gives another: the same PUT
    twice does the same.
    """
    ref = application_ref(command.ref)
    refuse_operational(command.tenant_id, command.ref)

    async def work(change: Change) -> SavedApplication:
        found = await change.find_application(command.tenant_id, ref)
        if found is None and isinstance(ref, bytes):
            raise NotFound("application")
        named_by = ref if isinstance(ref, str) else None
        if found is None:
            if command.uid not in {None, named_by}:
                raise InvalidMember("uid", "Give the uid of the path, or leave it out.")
            application = check_application(_new(command, named_by, means))
            return SavedApplication(await change.add_application(application), created=True)
        application = replace(
            found,
            uid=named_by if command.uid is None else command.uid,
            name=command.name,
            throttle_rate=command.throttle_rate,
            metadata=command.metadata,
            weight=found.weight if command.weight is UNSET else command.weight,
        )
        return await _save_again(application, change, means)

    return await means.changes.make(work)


async def patch_application(command: PatchApplication, means: Means) -> SavedApplication:
    """Change only what the patch sets."""

    async def work(change: Change) -> SavedApplication:
        found = await get_customer(change, command.tenant_id, command.ref)
        members = patched(command, "name", "uid", "throttle_rate", "metadata", "weight")
        return await _save_again(replace(found, **members), change, means)

    return await means.changes.make(work)


async def _save_again(application: Application, change: Change, means: Means) -> SavedApplication:
    check_application(application)
    if application.uid is not None:
        holder = await change.find_application(application.tenant_id, application.uid)
        _refuse_taken(holder, application)
    application = replace(application, updated_at=means.now())
    return SavedApplication(await change.replace_application(application), created=False)


def _refuse_taken(holder: Application | None, application: Application) -> None:
    if holder is not None and holder.id != application.id:
        raise AlreadyTaken("application", "uid", str(application.uid))


def _new(
    command: CreateApplication | UpdateApplication, uid: str | None, means: Means
) -> Application:
    now = means.now()
    return Application(
        id=means.new_id(),
        tenant_id=command.tenant_id,
        uid=uid,
        name=command.name,
        throttle_rate=command.throttle_rate,
        metadata=command.metadata,
        created_at=now,
        updated_at=now,
        weight=1 if command.weight is UNSET else command.weight,
    )
