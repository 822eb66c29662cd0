"""Saving endpoints together with the operational events that report it.

The event is stored in the transaction that changes the endpoint, so that neither can be lost
without the other. Operational endpoints cause no events: an endpoint that fails would receive
a message about its failure, and fail again.
"""

from dataclasses import replace
from datetime import datetime

from angarium_contracts.ids import operational_application_id
from angarium_contracts.operational import (
    ENDPOINT_CREATED,
    ENDPOINT_DELETED,
    ENDPOINT_DISABLED,
    ENDPOINT_RESUMED,
    ENDPOINT_UPDATED,
    OperationalEvent,
)

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.kept_messages import with_kept_since


async def add_endpoint(
    change: Change, application: Application, endpoint: Endpoint, context: ConfigurationContext
) -> tuple[Application, Endpoint]:
    """Add the endpoint. Returns both objects with their new version."""
    await _record(change, ENDPOINT_CREATED, endpoint, context)
    return await change.add_endpoint(application, endpoint)


async def replace_endpoint(
    change: Change, application: Application, endpoint: Endpoint, context: ConfigurationContext
) -> tuple[Application, Endpoint]:
    """Replace the endpoint. Returns both objects with their new version."""
    await _record(change, ENDPOINT_UPDATED, endpoint, context)
    return await change.replace_endpoint(application, endpoint)


async def disable_failing_endpoint(
    change: Change,
    application: Application,
    endpoint: Endpoint,
    context: ConfigurationContext,
    *,
    reason: str,
    failing_since: datetime | None,
) -> None:
    """Disable the endpoint on Angarium's own account, for `reason`."""
    now = context.now()
    disabled = replace(endpoint, disabled=True, disabled_reason=reason, updated_at=now)
    disabled = with_kept_since(endpoint, disabled, now)
    await _record(change, ENDPOINT_DISABLED, disabled, context, failing_since)
    await change.replace_endpoint(application, disabled)


async def record_resumption(
    change: Change, endpoint: Endpoint, kept_since: datetime, context: ConfigurationContext
) -> OperationalEvent:
    """Have the gateway deliver what was kept for the endpoint. Returns the event that says so."""
    event = OperationalEvent(
        context.new_id(),
        ENDPOINT_RESUMED,
        endpoint.tenant_id,
        endpoint.application_id,
        endpoint.id,
        endpoint.uid,
        kept_since=kept_since,
    )
    await change.record_event(event)
    return event


async def delete_endpoint(
    change: Change, application: Application, endpoint: Endpoint, context: ConfigurationContext
) -> Application:
    """Delete the endpoint. Returns the application with its new version."""
    await _record(change, ENDPOINT_DELETED, endpoint, context)
    return await change.delete_endpoint(application, endpoint, context.now())


async def record_endpoints_deleted(
    change: Change, application: Application, context: ConfigurationContext
) -> None:
    """Record the deletion of every endpoint of an application that is about to be deleted."""
    for endpoint_id, uid in await change.endpoint_names(application.id):
        await change.record_event(
            OperationalEvent(
                context.new_id(),
                ENDPOINT_DELETED,
                application.tenant_id,
                application.id,
                endpoint_id,
                uid,
            )
        )


async def _record(
    change: Change,
    event_type: str,
    endpoint: Endpoint,
    context: ConfigurationContext,
    failing_since: datetime | None = None,
) -> None:
    if endpoint.application_id == operational_application_id(endpoint.tenant_id):
        return
    await change.record_event(
        OperationalEvent(
            context.new_id(),
            event_type,
            endpoint.tenant_id,
            endpoint.application_id,
            endpoint.id,
            endpoint.uid,
            failing_since,
        )
    )
