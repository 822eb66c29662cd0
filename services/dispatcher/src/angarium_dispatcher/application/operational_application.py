"""The application whose endpoints get a tenant's operational webhooks.

It is an application like others to the services, and nobody's to see or change. It exists
from its first endpoint on.
"""

from angarium_contracts.configuration import CreateEndpoint, UpdateEndpoint
from angarium_contracts.ids import APPLICATION, operational_application_id, parse_id

from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.refusals import NotFound

from .configuration_store import Change
from .means import Means
from .references import FindsApplications, get_application

NAME = "Operational webhooks"


def is_operational(tenant_id: bytes, text: str) -> bool:
    """Whether `text` names it."""
    return parse_id(APPLICATION, text) == operational_application_id(tenant_id)


def refuse_operational(tenant_id: bytes, text: str) -> None:
    """Raises `NotFound` when `text` names it."""
    if is_operational(tenant_id, text):
        raise NotFound("application")


async def get_customer(found_in: FindsApplications, tenant_id: bytes, text: str) -> Application:
    """The tenant's application that `text` names, and that stands for a customer. Raises
    `NotFound`."""
    refuse_operational(tenant_id, text)
    return await get_application(found_in, tenant_id, text)


async def application_for_endpoint(
    change: Change, command: CreateEndpoint | UpdateEndpoint, means: Means
) -> Application:
    """The application that gets the endpoint; the operational one is made when it is missing.
    Raises `NotFound`."""
    tenant_id = command.tenant_id
    try:
        return await get_application(change, tenant_id, command.application_ref)
    except NotFound:
        if not is_operational(tenant_id, command.application_ref):
            raise
    now = means.now()
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
