"""Creating, replacing and patching endpoints."""

from dataclasses import dataclass, replace

from angarium_contracts.configuration import CreateEndpoint, PatchEndpoint, UpdateEndpoint
from angarium_contracts.operational import OperationalEvent
from msgspec import UNSET

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.preconditions import check_precondition
from angarium_dispatcher.application.configuration.quotas import check_quota
from angarium_dispatcher.application.configuration.references import (
    endpoint_ref,
    get_application,
    get_endpoint,
)
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.application.operational import endpoint_events
from angarium_dispatcher.application.operational.application import application_for_endpoint
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint, check_endpoint
from angarium_dispatcher.domain.field_rules import check_new_name
from angarium_dispatcher.domain.kept_messages import resumes_since, with_kept_since
from angarium_dispatcher.domain.refusals import AlreadyTaken, InvalidField, NotFound

from .endpoint_fields import canonical_url, endpoint_fields
from .poller_rules import check_poller, check_secret_of_poller, is_poll_url
from .tenant_settings import check_event_types_exist, with_default_header_names


@dataclass(frozen=True, slots=True)
class SavedEndpoint:
    """A saved endpoint, and its application with the version after the change. `before`: as it was
    found. `resumed`: messages that were kept for it are to be delivered now."""

    endpoint: Endpoint
    application: Application
    created: bool
    before: Endpoint | None = None
    resumed: OperationalEvent | None = None


async def create_endpoint(command: CreateEndpoint, context: ConfigurationContext) -> SavedEndpoint:
    """Create an endpoint.

    Raises `NotFound` for the application, `InvalidField`, `AlreadyTaken` for the uid, or
    `SecretNotOpened`.
    """
    check_secret_of_poller(command)
    endpoint_id = context.new_id()
    if command.sealed_secret is None:
        secret = context.secrets.generate(endpoint_id)
    else:
        secret = context.secrets.accept(command.sealed_secret, command.tenant_id, endpoint_id)

    async def work(change: Change) -> SavedEndpoint:
        application = await application_for_endpoint(change, command, context)
        endpoint = await _new(command, endpoint_id, secret, application, change, context)
        await check_quota(change, command.tenant_id, "endpoint", command.tenant_endpoints_max)
        return await _add(application, endpoint, change, context)

    return await context.changes.apply(work)


async def replace_endpoint(command: UpdateEndpoint, context: ConfigurationContext) -> SavedEndpoint:
    """Replace an endpoint (PUT), or create it under an unknown uid, with a new secret.

    An existing endpoint keeps its secret and headers, and its uid when the path names it by
    that. An unknown id raises `NotFound`; otherwise raises as `create_endpoint` does.
    """
    ref = endpoint_ref(command.ref)

    async def work(change: Change) -> SavedEndpoint:
        application = await application_for_endpoint(change, command, context)
        found = await change.find_endpoint(application.id, ref)
        if found is None and isinstance(ref, bytes):
            raise NotFound("endpoint")
        check_precondition(command.precondition, found)
        uid_of_path = ref if isinstance(ref, str) else None
        if found is None:
            if command.uid not in {None, uid_of_path}:
                raise InvalidField("uid", "`uid` must be the uid in the path, or be left out.")
            check_new_name("endpoint_id", uid_of_path)
            endpoint_id = context.new_id()
            secret = context.secrets.generate(endpoint_id)
            endpoint = await _new(command, endpoint_id, secret, application, change, context)
            await check_quota(change, command.tenant_id, "endpoint", command.tenant_endpoints_max)
            return await _add(application, replace(endpoint, uid=uid_of_path), change, context)
        endpoint = replace(found, **endpoint_fields(command, found.id, context))
        if command.uid is None:
            endpoint = replace(endpoint, uid=uid_of_path)
        return await _save_existing(application, found, endpoint, change, context)

    return await context.changes.apply(work)


async def patch_endpoint(command: PatchEndpoint, context: ConfigurationContext) -> SavedEndpoint:
    """Change the fields that the patch sets. Raises as `replace_endpoint` does."""
    if command.url is not UNSET:
        canonical_url(command.url, context)

    async def work(change: Change) -> SavedEndpoint:
        application = await get_application(change, command.tenant_id, command.application_ref)
        found = await get_endpoint(change, application, command.ref)
        check_precondition(command.precondition, found)
        endpoint = replace(found, **endpoint_fields(command, found.id, context))
        return await _save_existing(application, found, endpoint, change, context)

    return await context.changes.apply(work)


async def _add(
    application: Application, endpoint: Endpoint, change: Change, context: ConfigurationContext
) -> SavedEndpoint:
    check_endpoint(endpoint)
    check_poller(endpoint)
    await check_event_types_exist(application, endpoint, (), change, context)
    await _check_new_uid(endpoint, change)
    endpoints_max = context.limits.endpoints_max
    if await change.count_endpoints(application.id) >= endpoints_max:
        raise InvalidField(
            "url",
            f"The application has {endpoints_max} endpoints, the most it may have;"
            " delete one first.",
        )
    application, endpoint = await endpoint_events.add_endpoint(
        change, application, endpoint, context
    )
    return SavedEndpoint(endpoint, application, created=True)


async def _save_existing(
    application: Application,
    found: Endpoint,
    endpoint: Endpoint,
    change: Change,
    context: ConfigurationContext,
) -> SavedEndpoint:
    check_endpoint(endpoint)
    check_poller(endpoint, found)
    before = found.event_types or ()
    await check_event_types_exist(application, endpoint, before, change, context)
    await _check_new_uid(endpoint, change)
    reason = endpoint.disabled_reason if endpoint.disabled else None
    now = context.now()
    endpoint = with_kept_since(
        found, replace(endpoint, disabled_reason=reason, updated_at=now), now
    )
    application, endpoint = await endpoint_events.replace_endpoint(
        change, application, endpoint, context
    )
    kept_since = resumes_since(found, endpoint)
    resumed = None
    if kept_since is not None:
        resumed = await endpoint_events.record_resumption(change, endpoint, kept_since, context)
    return SavedEndpoint(endpoint, application, created=False, before=found, resumed=resumed)


async def _check_new_uid(endpoint: Endpoint, change: Change) -> None:
    if endpoint.uid is not None:
        holder = await change.find_endpoint(endpoint.application_id, endpoint.uid)
        if holder is None:
            check_new_name("uid", endpoint.uid)
        elif holder.id != endpoint.id:
            raise AlreadyTaken("endpoint", "uid", endpoint.uid)


async def _new(
    command: CreateEndpoint | UpdateEndpoint,
    endpoint_id: bytes,
    sealed_secret: bytes,
    application: Application,
    change: Change,
    context: ConfigurationContext,
) -> Endpoint:
    now = context.now()
    endpoint = Endpoint(
        id=endpoint_id,
        application_id=application.id,
        sealed_secrets=(sealed_secret,),
        created_at=now,
        updated_at=now,
        **endpoint_fields(command, endpoint_id, context),
    )
    endpoint = with_kept_since(None, endpoint, now)
    if command.header_names is UNSET and not is_poll_url(endpoint.url):
        endpoint = await with_default_header_names(endpoint, change, context)
    return endpoint
