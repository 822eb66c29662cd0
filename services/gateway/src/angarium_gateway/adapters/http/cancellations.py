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
        summary="Cancel a message",
        status_code=200,
        tags=["Redelivery"],
    )
    async def cancel_message(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, msg_id: MessageRef
    ) -> CancelOut:
        """Cancels a scheduled message before its time, or every pending delivery of a message.

        An attempt that is being made is completed, and its delivery ends with it. Canceling twice
        has no further effect.
        """
        return _out(await api.cancel.message(caller.tenant_id, app_id, msg_id))

    @post(
        "/msg/{msg_id:str}/endpoint/{endpoint_id:str}/cancel",
        operation_id="v1.message-attempt.cancel",
        summary="Cancel a delivery",
        status_code=200,
        tags=["Redelivery"],
    )
    async def cancel_delivery(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        msg_id: MessageRef,
        endpoint_id: EndpointRef,
    ) -> CancelOut:
        """Cancels the pending delivery of a message to one endpoint. Canceling twice has no further
        effect.
        """
        return _out(await api.cancel.delivery(caller.tenant_id, app_id, msg_id, endpoint_id))

    @post(
        "/endpoint/{endpoint_id:str}/cancel-pending",
        operation_id="v1.endpoint.cancel-pending",
        summary="Cancel pending deliveries of an endpoint",
        status_code=200,
        tags=["Redelivery"],
    )
    async def cancel_pending(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> CancelOut:
        """Cancels what is pending for an endpoint, at most 10,000 deliveries in one request.

        If `done` is false, there may be more: repeat the request.
        """
        return _out(await api.cancel.endpoint(caller.tenant_id, app_id, endpoint_id))


def _out(canceled: Canceled | Problem) -> CancelOut:
    if isinstance(canceled, Problem):
        raise Refused(refusal(canceled))
    return CancelOut(canceled=canceled.count, done=canceled.done)
