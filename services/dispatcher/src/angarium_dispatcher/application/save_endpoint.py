"""Creating, replacing and patching endpoints."""

from dataclasses import dataclass, replace

from angarium_contracts.configuration import CreateEndpoint, PatchEndpoint, UpdateEndpoint
from angarium_webhooks.endpoint_url import UrlRefused, check_endpoint_url

from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint, check_endpoint
from angarium_dispatcher.domain.refusals import AlreadyTaken, InvalidMember, NotFound

from . import endpoint_events
from .configuration_store import Change
from .means import Means
from .operational_application import application_for_endpoint
from .references import endpoint_ref, get_application, get_endpoint, patched
from .sending_options import sending_options


@dataclass(frozen=True, slots=True)
class SavedEndpoint:
    """The endpoint as it now is, and its application with the version after the change."""

    endpoint: Endpoint
    application: Application
    created: bool


async def create_endpoint(command: CreateEndpoint, means: Means) -> SavedEndpoint:
    """Raises `NotFound` for the application, `InvalidMember`, or `AlreadyTaken` for the uid."""
    endpoint_id = means.new_id()
    if command.sealed_secret is None:
        secret = means.secrets.make(endpoint_id)
    else:
        secret = means.secrets.take(command.sealed_secret, command.tenant_id, endpoint_id)

    async def work(change: Change) -> SavedEndpoint:
        application = await application_for_endpoint(change, command, means)
        endpoint = _new(command, endpoint_id, command.uid, secret, application, means)
        return await _add(application, endpoint, change, means)

    return await means.changes.make(work)


async def replace_endpoint(command: UpdateEndpoint, means: Means) -> SavedEndpoint:
    """PUT: an unknown uid is created, with a new secret; an unknown id is `NotFound`. Secret and
    headers of an existing endpoint stay, and so does its uid when the path names it."""
    ref = endpoint_ref(command.ref)

    async def work(change: Change) -> SavedEndpoint:
        application = await application_for_endpoint(change, command, means)
        found = await change.find_endpoint(application.id, ref)
        if found is None and isinstance(ref, bytes):
            raise NotFound("endpoint")
        named_by = ref if isinstance(ref, str) else None
        if found is None:
            if command.uid not in {None, named_by}:
                raise InvalidMember("uid", "Give the uid of the path, or leave it out.")
            endpoint_id = means.new_id()
            secret = means.secrets.make(endpoint_id)
            endpoint = _new(command, endpoint_id, named_by, secret, application, means)
            return await _add(application, endpoint, change, means)
        endpoint = replace(
            found,
            uid=named_by if command.uid is None else command.uid,
            url=_canonical(command.url, means),
            description=command.description,
            disabled=command.disabled,
            throttle_rate=command.throttle_rate,
            event_types=command.event_types,
            channels=command.channels,
            metadata=command.metadata,
            **sending_options(command, found.id, means),
        )
        return await _save_again(application, endpoint, change, means)

    return await means.changes.make(work)


async def patch_endpoint(command: PatchEndpoint, means: Means) -> SavedEndpoint:
    """Change only what the patch sets."""
    members = dict(
        patched(
            command,
            "url",
            "uid",
            "description",
            "disabled",
            "throttle_rate",
            "event_types",
            "channels",
            "metadata",
        )
    )
    if "url" in members:
        members["url"] = _canonical(members["url"], means)

    async def work(change: Change) -> SavedEndpoint:
        application = await get_application(change, command.tenant_id, command.application_ref)
        found = await get_endpoint(change, application, command.ref)
        endpoint = replace(found, **members, **sending_options(command, found.id, means))
        return await _save_again(application, endpoint, change, means)

    return await means.changes.make(work)


async def _add(
    application: Application, endpoint: Endpoint, change: Change, means: Means
) -> SavedEndpoint:
    check_endpoint(endpoint)
    await _refuse_taken(endpoint, change)
    if await change.count_endpoints(application.id) >= means.endpoints_max:
        raise InvalidMember(
            "url",
            f"The application has {means.endpoints_max} endpoints, the most it may have;"
            " delete one first.",
        )
    application, endpoint = await endpoint_events.add_endpoint(change, application, endpoint, means)
    return SavedEndpoint(endpoint, application, created=True)


async def _save_again(
    application: Application, endpoint: Endpoint, change: Change, means: Means
) -> SavedEndpoint:
    check_endpoint(endpoint)
    await _refuse_taken(endpoint, change)
    reason = endpoint.disabled_reason if endpoint.disabled else None
    endpoint = replace(endpoint, disabled_reason=reason, updated_at=means.now())
    application, endpoint = await endpoint_events.replace_endpoint(
        change, application, endpoint, means
    )
    return SavedEndpoint(endpoint, application, created=False)


async def _refuse_taken(endpoint: Endpoint, change: Change) -> None:
    if endpoint.uid is not None:
        holder = await change.find_endpoint(endpoint.application_id, endpoint.uid)
        if holder is not None and holder.id != endpoint.id:
            raise AlreadyTaken("endpoint", "uid", endpoint.uid)


def _new(
    command: CreateEndpoint | UpdateEndpoint,
    endpoint_id: bytes,
    uid: str | None,
    sealed_secret: bytes,
    application: Application,
    means: Means,
) -> Endpoint:
    now = means.now()
    return Endpoint(
        id=endpoint_id,
        tenant_id=application.tenant_id,
        application_id=application.id,
        uid=uid,
        url=_canonical(command.url, means),
        description=command.description,
        disabled=command.disabled,
        throttle_rate=command.throttle_rate,
        event_types=command.event_types,
        channels=command.channels,
        metadata=command.metadata,
        sealed_secrets=(sealed_secret,),
        created_at=now,
        updated_at=now,
        **sending_options(command, endpoint_id, means),
    )


def _canonical(url: str, means: Means) -> str:
    try:
        return check_endpoint_url(url, allow_http=means.allow_http)
    except UrlRefused as refusal:
        raise InvalidMember("url", f"{refusal.reason} {refusal.remedy}") from None
