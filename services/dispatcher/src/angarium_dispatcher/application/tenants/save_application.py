"""Creating, replacing and patching applications."""

from dataclasses import dataclass, replace
from typing import Final

from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import (
    CreateApplication,
    PatchApplication,
    UpdateApplication,
)

from angarium_dispatcher.application.configuration.command_fields import fields_set
from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.preconditions import check_precondition
from angarium_dispatcher.application.configuration.quotas import check_quota
from angarium_dispatcher.application.configuration.references import application_ref
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.application.operational.application import (
    get_customer_application,
    refuse_operational,
)
from angarium_dispatcher.domain.application import Application, check_application
from angarium_dispatcher.domain.field_rules import check_new_name
from angarium_dispatcher.domain.refusals import AlreadyTaken, InvalidField, NotFound

from .source_fields import new_source, source_changes

_PATH_NAMES: Final[dict[str, str]] = {
    ApplicationKind.APPLICATION: "app_id",
    ApplicationKind.SOURCE: "source_id",
    ApplicationKind.STREAM: "stream_id",
}
"""What the API calls the reference in a path."""


@dataclass(frozen=True, slots=True)
class SavedApplication:
    """A saved application. `created`: it did not exist before. `before`: as it was found."""

    application: Application
    created: bool
    before: Application | None = None


async def create_application(
    command: CreateApplication, context: ConfigurationContext
) -> SavedApplication:
    """Create an application.

    Raises `InvalidField`, or `AlreadyTaken` for the uid; with `get_if_exists` the application
    that has the uid is returned instead.
    """
    application = check_application(_new(command, context))

    async def work(change: Change) -> SavedApplication:
        if command.uid is not None:
            holder = await change.find_application(command.tenant_id, command.uid, command.kind)
            if holder is not None and command.get_if_exists:
                return SavedApplication(holder, created=False, before=holder)
            _check_new_uid(holder, application)
        await check_quota(change, command.tenant_id, "application", command.applications_max)
        return SavedApplication(await change.add_application(application), created=True)

    return await context.changes.apply(work)


async def replace_application(
    command: UpdateApplication, context: ConfigurationContext
) -> SavedApplication:
    """Replace an application (PUT), or create it under an unknown uid.

    An application that the path names by its uid keeps it unless the body gives another, so
    that a repeated PUT changes nothing. An unknown id raises `NotFound`; otherwise raises as
    `create_application` does.
    """
    ref = application_ref(command.ref, command.kind)
    refuse_operational(command.tenant_id, command.ref)

    async def work(change: Change) -> SavedApplication:
        found = await change.find_application(command.tenant_id, ref, command.kind)
        if isinstance(ref, bytes) and (found is None or found.kind != command.kind):
            raise NotFound(command.kind)
        check_precondition(command.precondition, found)
        uid_of_path = ref if isinstance(ref, str) else None
        if found is None:
            if command.uid not in {None, uid_of_path}:
                raise InvalidField("uid", "`uid` must be the uid in the path, or be left out.")
            check_new_name(_PATH_NAMES[command.kind], uid_of_path)
            application = check_application(replace(_new(command, context), uid=uid_of_path))
            await check_quota(change, command.tenant_id, "application", command.applications_max)
            return SavedApplication(await change.add_application(application), created=True)
        fields = fields_set(command, Application) | source_changes(command, found.id, context)
        application = replace(found, **fields)
        if command.uid is None:
            application = replace(application, uid=uid_of_path)
        return await _save_existing(found, application, change, context)

    return await context.changes.apply(work)


async def patch_application(
    command: PatchApplication, context: ConfigurationContext
) -> SavedApplication:
    """Change the fields that the patch sets. Raises as `replace_application` does."""

    async def work(change: Change) -> SavedApplication:
        found = await get_customer_application(change, command.tenant_id, command.ref, command.kind)
        check_precondition(command.precondition, found)
        application = replace(found, **fields_set(command, Application))
        return await _save_existing(found, application, change, context)

    return await context.changes.apply(work)


async def _save_existing(
    found: Application, application: Application, change: Change, context: ConfigurationContext
) -> SavedApplication:
    check_application(application)
    if application.uid is not None:
        holder = await change.find_application(
            application.tenant_id, application.uid, application.kind
        )
        _check_new_uid(holder, application)
    application = replace(application, updated_at=context.now())
    application = await change.replace_application(application)
    if application.throttle_rate != found.throttle_rate:
        await change.limit_endpoints(application)
    return SavedApplication(application, created=False, before=found)


def _check_new_uid(holder: Application | None, application: Application) -> None:
    if holder is None:
        check_new_name("uid", application.uid)
    elif holder.id != application.id:
        raise AlreadyTaken(application.kind, "uid", str(application.uid))


def _new(
    command: CreateApplication | UpdateApplication, context: ConfigurationContext
) -> Application:
    now, application_id = context.now(), context.new_id()
    return Application(
        id=application_id,
        created_at=now,
        updated_at=now,
        **fields_set(command, Application),
        **new_source(command, application_id, context),
    )
