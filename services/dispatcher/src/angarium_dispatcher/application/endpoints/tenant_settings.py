"""The parts of a tenant's policy that apply to an endpoint when it is saved."""

from collections.abc import Collection
from dataclasses import replace

from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.ids import operational_application_id

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.refusals import InvalidField


async def with_default_header_names(
    endpoint: Endpoint, change: Change, context: ConfigurationContext
) -> Endpoint:
    """The new endpoint with the header names of its tenant, else those of the platform."""
    policy = await change.tenant_policy(endpoint.tenant_id)
    return replace(endpoint, header_names=policy.header_names or context.limits.header_names)


async def check_event_types_exist(
    application: Application,
    endpoint: Endpoint,
    before: Collection[str],
    change: Change,
    context: ConfigurationContext,
) -> None:
    """Check that the event types which the endpoint names exist, if the tenant, else the platform,
    requires it. Those that it named `before` pass, and so do those of operational endpoints and of
    sources, whose event types are none of the tenant's.

    Raises `InvalidField`.
    """
    added = [name for name in endpoint.event_types or () if name not in before]
    of_others = (
        application.kind == ApplicationKind.SOURCE
        or application.id == operational_application_id(endpoint.tenant_id)
    )
    if not added or of_others:
        return
    required = (await change.tenant_policy(endpoint.tenant_id)).require_event_types
    if not (context.limits.require_event_types if required is None else required):
        return
    existing = await change.existing_event_types(endpoint.tenant_id, added)
    for place, name in enumerate(endpoint.event_types or ()):
        if name in added and name not in existing:
            raise InvalidField(
                "event_types",
                f"There is no event type {name!r}. Create it first, or check the spelling.",
                (str(place),),
            )
