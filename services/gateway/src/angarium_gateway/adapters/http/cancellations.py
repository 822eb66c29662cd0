"""POST …/cancel and …/cancel-pending: ending deliveries by hand"""

from angarium_contracts.queries import Problem
from litestar import Controller, post

from angarium_gateway.application.redelivery.cancel_deliveries import Canceled

from .dependencies import Api, CurrentCaller
from .parameters import ApplicationRef, EndpointRef, MessageRef
from .problems import Refused, refusal
from .schemas.cancellations import CancelOut


class CancellationController(Controller):
    """Cancelling. Twice is as good as once: then nothing is left to be cancelled."""

    path = "/api/v1/app/{app_id:str}"

    @post(
        "/msg/{msg_id:str}/cancel",
        operation_id="v1.message.cancel",
        summary="Cancel a message: before its time, or what is pending of it",
        status_code=200,
        tags=["Message"],
    )
    async def cancel_message(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, msg_id: MessageRef
    ) -> CancelOut:
        return _out(await api.cancel.message(caller.tenant_id, app_id, msg_id))

    @post(
        "/msg/{msg_id:str}/endpoint/{endpoint_id:str}/cancel",
        operation_id="v1.message-attempt.cancel",
        summary="Cancel the delivery of a message to one endpoint",
        status_code=200,
        tags=["Message Attempt"],
    )
    async def cancel_delivery(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        msg_id: MessageRef,
        endpoint_id: EndpointRef,
    ) -> CancelOut:
        return _out(await api.cancel.delivery(caller.tenant_id, app_id, msg_id, endpoint_id))

    @post(
        "/endpoint/{endpoint_id:str}/cancel-pending",
        operation_id="v1.endpoint.cancel-pending",
        summary="Cancel what is pending for an endpoint, at most 10,000 deliveries at once",
        status_code=200,
        tags=["Endpoint"],
    )
    async def cancel_pending(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> CancelOut:
        return _out(await api.cancel.endpoint(caller.tenant_id, app_id, endpoint_id))


def _out(canceled: Canceled | Problem) -> CancelOut:
    if isinstance(canceled, Problem):
        raise Refused(refusal(canceled))
    return CancelOut(canceled=canceled.count, done=canceled.done)
