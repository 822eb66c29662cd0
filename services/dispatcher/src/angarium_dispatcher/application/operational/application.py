"""The application that owns a tenant's operational endpoints.

To the services it is an application like any other; clients cannot see or change it. It is
created with its first endpoint.
"""

from angarium_contracts.application_kinds import ApplicationKind, application_id_of
from angarium_contracts.configuration import CreateEndpoint, UpdateEndpoint
from angarium_contracts.ids import operational_application_id

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.references import (
    FindsApplications,
    application_ref,
    get_application,
)
from angarium_dispatcher.application.configuration.store import Change
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.refusals import NotFound

NAME = "Operational webhooks"


def is_operational(tenant_id: bytes, text: str) -> bool:
    """True when `text` names the tenant's operational application."""
    return application_id_of(text) == operational_application_id(tenant_id)


def refuse_operational(tenant_id: bytes, text: str) -> None:
    """Raise `NotFound` when `text` names the tenant's operational application."""
    if is_operational(tenant_id, text):
        raise NotFound("application")


async def get_customer_application(
    applications: FindsApplications,
    tenant_id: bytes,
    text: str,
    kind: str = ApplicationKind.APPLICATION,
) -> Application:
    """The tenant's application of this kind that `text` names, unless it is the operational one.
    Raises `NotFound`."""
    refuse_operational(tenant_id, text)
    found = await applications.find_application(tenant_id, application_ref(text, kind), kind)
    if found is None or found.kind != kind:
        raise NotFound(kind)
    return found


async def application_for_endpoint(
    change: Change, command: CreateEndpoint | UpdateEndpoint, context: ConfigurationContext
) -> Application:
    """The application that the command names; a missing operational one is created. Raises
    `NotFound`."""
    tenant_id = command.tenant_id
    try:
        return await get_application(change, tenant_id, command.application_ref)
    except NotFound:
        if not is_operational(tenant_id, command.application_ref):
            raise
    now = context.now()
    return await change.add_application(
        Application(
            id=operational_application_id(tenant_id),
            tenant_id=tenant_id,
            uid=None,
            name=NAME,
            throttle_rate=None,
            metadata={},
            created_at=now,
            updated_at=now,
        )
    )
