"""Erases tenants that an operator has deleted.

A deleted tenant's keys and tokens are refused at once. This deletes its configuration in the
dispatcher, which cancels what is pending for its endpoints; the dispatcher keeps nothing but the
ids of applications and endpoints. The retention of the gateway and of the worker then deletes the
tenant's messages, attempts and everything else: its retention period is zero days.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog
from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import (
    ApplicationDeleted,
    Applications,
    DeleteApplication,
    DeleteEndpoint,
    DeleteEventType,
    EndpointDeleted,
    Endpoints,
    EventTypes,
    ListApplications,
    ListEndpoints,
    ListEventTypes,
)
from angarium_contracts.contract import Contract
from angarium_contracts.ids import APPLICATION, ENDPOINT, format_id, operational_application_id
from angarium_contracts.queries import Done, Page, Problem, ProblemCode
from angarium_contracts.tenant_policy import SetTenantPolicy, TenantPolicy

from angarium_gateway.application.configuration.change_configuration import ChangeConfiguration
from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.application.unavailable import JournalUnavailable

LOOKS_EVERY_S = 10.0
GRACE_S = 5
"""Requests that were let in just before the deletion have ended by then."""
_PAGE = Page(limit=250)

log = structlog.get_logger()


class DeletedTenants(Protocol):
    """Storage of tenants that are deleted. Every method raises `JournalUnavailable`."""

    async def to_erase(self, *, grace_s: int) -> Sequence[bytes]:
        """Some tenants that were deleted at least `grace_s` ago, and are not erased yet."""
        ...

    async def erased(self, tenant_id: bytes) -> None:
        """The tenant's configuration is gone."""
        ...


class ErasureWaits(Exception):
    """The dispatcher does not answer; the erasure goes on later."""


class EraseTenants:
    """Looks for deleted tenants from time to time. Every step can be repeated."""

    def __init__(
        self,
        tenants: DeletedTenants,
        ask_dispatcher: ServiceQuery,
        change_configuration: ChangeConfiguration,
        *,
        looks_every_s: float = LOOKS_EVERY_S,
    ) -> None:
        self._tenants = tenants
        self._ask = ask_dispatcher
        self._change = change_configuration
        self._looks_every_s = looks_every_s

    async def run(self) -> None:
        """Erase until cancelled."""
        while True:
            try:
                for tenant_id in await self._tenants.to_erase(grace_s=GRACE_S):
                    await self.erase(tenant_id)
            except (ErasureWaits, JournalUnavailable) as error:
                log.info("erasure.waits", reason=str(error))
            await asyncio.sleep(self._looks_every_s)

    async def erase(self, tenant_id: bytes) -> None:
        """Delete the tenant's configuration. Raises `ErasureWaits` and `JournalUnavailable`."""
        # First, so that they are not told of the deletion of everything else.
        await self._delete_operational_endpoints(tenant_id)
        for kind in ApplicationKind:
            await self._delete_applications(tenant_id, kind)
        await self._delete_event_types(tenant_id)
        await self._asked(SetTenantPolicy(tenant_id=tenant_id), TenantPolicy)
        await self._tenants.erased(tenant_id)
        log.info("tenant.erased", tenant=tenant_id.hex())

    async def _delete_operational_endpoints(self, tenant_id: bytes) -> None:
        owner = format_id(APPLICATION, operational_application_id(tenant_id))
        question = ListEndpoints(tenant_id=tenant_id, application_ref=owner, page=_PAGE)
        while (found := await self._asked(question, Endpoints)) is not None and found.items:
            for endpoint in found.items:
                ref = format_id(ENDPOINT, endpoint.id)
                deletion = DeleteEndpoint(tenant_id, owner, ref)
                _require(await self._change(deletion, EndpointDeleted))

    async def _delete_applications(self, tenant_id: bytes, kind: str) -> None:
        question = ListApplications(tenant_id=tenant_id, page=_PAGE, kind=kind)
        while (found := await self._asked(question, Applications)) is not None and found.items:
            for application in found.items:
                ref = format_id(APPLICATION, application.id)
                deletion = DeleteApplication(tenant_id, ref, kind=kind)
                _require(await self._change(deletion, ApplicationDeleted))

    async def _delete_event_types(self, tenant_id: bytes) -> None:
        question = ListEventTypes(tenant_id=tenant_id, page=_PAGE, include_archived=True)
        while (found := await self._asked(question, EventTypes)) is not None and found.items:
            for event_type in found.items:
                deletion = DeleteEventType(tenant_id, event_type.name, expunge=True)
                await self._asked(deletion, Done)

    async def _asked[T: Contract](self, question: Contract, answer: type[T]) -> T | None:
        """The answer; None if there is no such object, or no longer. Raises `ErasureWaits`."""
        return _require(await self._ask(question, answer))


def _require[T: Contract](answer: T | Problem) -> T | None:
    if not isinstance(answer, Problem):
        return answer
    if answer.code is ProblemCode.NOT_FOUND:
        return None
    raise ErasureWaits(answer.detail)
