"""Saving endpoints, and telling their tenant of it in the same transaction.

Nobody is told of the endpoints that take operational webhooks: an endpoint that fails would
get a message about it, and fail again.
"""

from dataclasses import replace
from datetime import datetime

from angarium_contracts.ids import operational_application_id
from angarium_contracts.operational import (
    ENDPOINT_CREATED,
    ENDPOINT_DELETED,
    ENDPOINT_DISABLED,
    ENDPOINT_UPDATED,
    OperationalEvent,
)

from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint

from .configuration_store import Change
from .means import Means


async def add_endpoint(
    change: Change, application: Application, endpoint: Endpoint, means: Means
) -> tuple[Application, Endpoint]:
    """Both with their new version."""
    await _tell(change, ENDPOINT_CREATED, endpoint, means)
    return await change.add_endpoint(application, endpoint)


async def replace_endpoint(
    change: Change, application: Application, endpoint: Endpoint, means: Means
) -> tuple[Application, Endpoint]:
    """Both with their new version."""
    await _tell(change, ENDPOINT_UPDATED, endpoint, means)
    return await change.replace_endpoint(application, endpoint)


async def disable_failing_endpoint(
    change: Change,
    application: Application,
    endpoint: Endpoint,
    means: Means,
    *,
    reason: str,
    failing_since: datetime | None,
) -> None:
    """Angarium disables it by itself, because of `reason`."""
    disabled = replace(endpoint, disabled=True, disabled_reason=reason, updated_at=means.now())
    await _tell(change, ENDPOINT_DISABLED, disabled, means, failing_since)
    await change.replace_endpoint(application, disabled)


async def delete_endpoint(
    change: Change, application: Application, endpoint: Endpoint, means: Means
) -> Application:
    """The application with its new version."""
    await _tell(change, ENDPOINT_DELETED, endpoint, means)
    return await change.delete_endpoint(application, endpoint, means.now())


async def tell_endpoints_deleted(change: Change, application: Application, means: Means) -> None:
    """Tell of all endpoints of an application that is about to be deleted."""
    for endpoint_id, uid in await change.endpoint_names(application.id):
        await change.tell(
            OperationalEvent(
                means.new_id(),
                ENDPOINT_DELETED,
                application.tenant_id,
                application.id,
                endpoint_id,
                uid,
            )
        )


async def _tell(
    change: Change,
    event_type: str,
    endpoint: Endpoint,
    means: Means,
    failing_since: datetime | None = None,
) -> None:
    if endpoint.application_id == operational_application_id(endpoint.tenant_id):
        return
    await change.tell(
        OperationalEvent(
            means.new_id(),
            event_type,
            endpoint.tenant_id,
            endpoint.application_id,
            endpoint.id,
            endpoint.uid,
            failing_since,
        )
    )
