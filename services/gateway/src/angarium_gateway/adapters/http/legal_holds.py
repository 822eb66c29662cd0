"""/api/v1/legal-hold and /api/v1/app/{app_id}/legal-hold"""

from datetime import UTC, datetime

from angarium_contracts.queries import Problem
from litestar import Controller, delete, get, put
from litestar.params import JSONBody

from angarium_gateway.application.legal_holds import LegalHold

from .dependencies import Api, ApiDependencies, CurrentCaller
from .noted_changes import note_change
from .parameters import ApplicationRef
from .problems import Refused, problem_answer, refusal
from .schemas.legal_holds import LegalHoldIn, LegalHoldOut, legal_hold_out


class LegalHoldController(Controller):
    """Holds on all applications of the tenant."""

    path = "/api/v1/legal-hold"
    tags = ("Erasure",)

    @get(operation_id="v1.legal-hold.get", summary="Get the tenant's legal hold")
    async def get_hold(self, api: Api, caller: CurrentCaller) -> LegalHoldOut:
        """Returns the hold on all applications; `404` if there is none."""
        return await _found(api, caller.tenant_id, None)

    @put(operation_id="v1.legal-hold.place", summary="Place a legal hold on the tenant")
    async def place_hold(
        self, api: Api, caller: CurrentCaller, data: JSONBody[LegalHoldIn]
    ) -> LegalHoldOut:
        """Keeps messages and payloads of all applications from retention, expunging and erasure,
        until the hold is lifted.
        """
        return await _place(api, caller, None, data)

    @delete(operation_id="v1.legal-hold.lift", summary="Lift the tenant's legal hold")
    async def lift_hold(self, api: Api, caller: CurrentCaller) -> None:
        """Lifts the hold on all applications. Holds on single applications stay."""
        await _lift(api, caller.tenant_id, None)


class ApplicationLegalHoldController(Controller):
    """Holds on one application."""

    path = "/api/v1/app/{app_id:str}/legal-hold"
    tags = ("Erasure",)

    @get(operation_id="v1.application.get-legal-hold", summary="Get an application's legal hold")
    async def get_hold(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef
    ) -> LegalHoldOut:
        """Returns the hold on the application; `404` if there is none."""
        return await _found(api, caller.tenant_id, await _application_id(api, caller, app_id))

    @put(operation_id="v1.application.place-legal-hold", summary="Place a legal hold")
    async def place_hold(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, data: JSONBody[LegalHoldIn]
    ) -> LegalHoldOut:
        """Keeps messages and payloads of the application from retention, expunging and erasure,
        until the hold is lifted.
        """
        return await _place(api, caller, await _application_id(api, caller, app_id), data)

    @delete(operation_id="v1.application.lift-legal-hold", summary="Lift a legal hold")
    async def lift_hold(self, api: Api, caller: CurrentCaller, app_id: ApplicationRef) -> None:
        """Lifts the hold on the application. A hold on all applications stays."""
        await _lift(api, caller.tenant_id, await _application_id(api, caller, app_id))


async def _application_id(api: ApiDependencies, caller: CurrentCaller, ref: str) -> bytes:
    found = await api.directory.find(caller.tenant_id, ref)
    if isinstance(found, Problem):
        raise Refused(refusal(found))
    return found.id


async def _found(
    api: ApiDependencies, tenant_id: bytes, application_id: bytes | None
) -> LegalHoldOut:
    hold = await api.legal_holds.find(tenant_id, application_id)
    if hold is None:
        detail = "There is no legal hold here. Place one with PUT."
        raise Refused(problem_answer(404, "not_found", "Not found", detail))
    return legal_hold_out(hold)


async def _place(
    api: ApiDependencies, caller: CurrentCaller, application_id: bytes | None, data: LegalHoldIn
) -> LegalHoldOut:
    before = await api.legal_holds.find(caller.tenant_id, application_id)
    hold = LegalHold(
        caller.tenant_id, application_id, data.reason, caller.key_id, datetime.now(UTC)
    )
    await api.legal_holds.place(hold)
    after = legal_hold_out(hold)
    note_change(None if before is None else legal_hold_out(before), after)
    return after


async def _lift(api: ApiDependencies, tenant_id: bytes, application_id: bytes | None) -> None:
    before = await api.legal_holds.find(tenant_id, application_id)
    await api.legal_holds.lift(tenant_id, application_id)
    if before is not None:
        note_change(legal_hold_out(before), None)
