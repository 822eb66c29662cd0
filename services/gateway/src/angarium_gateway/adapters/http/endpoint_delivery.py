"""/api/v1/app/{app_id}/endpoint/{endpoint_id}/stats and …/delivery-state"""

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from .dependencies import Api, CurrentCaller
from .parameters import TIME_PATTERN, ApplicationRef, EndpointRef, time_of
from .problems import unwrap
from .schemas.redelivery import EndpointDeliveryStateOut, EndpointStats, delivery_state_out

AcceptedAt = Annotated[
    str | None,
    QueryParameter(
        pattern=TIME_PATTERN,
        description="A bound of the time when messages were accepted (RFC 3339, inclusive); UTC"
        " if it has no offset.",
        schema_extra={"format": "date-time"},
    ),
]


class EndpointDeliveryController(Controller):
    """How an endpoint is delivered to."""

    path = "/api/v1/app/{app_id:str}/endpoint/{endpoint_id:str}"
    tags = ("Delivery",)

    @get(
        "/stats",
        operation_id="v1.endpoint.get-stats",
        summary="Get delivery statistics",
    )
    async def get_stats(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        since: AcceptedAt = None,
        until: AcceptedAt = None,
    ) -> EndpointStats:
        """Returns how many of the endpoint's deliveries are in each state, for messages accepted
        between `since` and `until`.
        """
        found = await api.read_endpoint_delivery.stats(
            caller.tenant_id,
            app_id,
            endpoint_id,
            since=time_of("since", since),
            until=time_of("until", until),
        )
        stats = unwrap(found)
        return EndpointStats(
            success=stats.success,
            pending=stats.pending,
            sending=stats.sending,
            fail=stats.fail,
            canceled=stats.canceled,
        )

    @get(
        "/delivery-state",
        operation_id="v1.endpoint.get-delivery-state",
        summary="Get the delivery state of an endpoint",
    )
    async def get_delivery_state(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> EndpointDeliveryStateOut:
        """Returns whether the endpoint is being delivered to at the moment, and what waits for it.

        When an endpoint keeps failing, its circuit breaker opens: nothing is sent until
        `openUntil`, then single attempts probe whether it has recovered.
        """
        found = await api.read_endpoint_delivery.state(caller.tenant_id, app_id, endpoint_id)
        return delivery_state_out(unwrap(found))
