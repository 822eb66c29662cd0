"""/api/v1/app/{app_id}/msg/{msg_id}/endpoint and /api/v1/app/{app_id}/endpoint/{endpoint_id}/msg"""

from collections.abc import Sequence
from typing import Annotated

from angarium_contracts.deliveries import DeliveryStatus
from angarium_contracts.ids import ENDPOINT, MESSAGE, format_id, parse_id
from angarium_contracts.queries import Page, Problem
from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, SkipValidation

from angarium_gateway.application.read.deliveries import Destination
from angarium_gateway.application.read.messages import MessageFilter, MessageWindow

from .dependencies import Api, CurrentCaller
from .messages import BACKWARDS, chosen_messages
from .parameters import ApplicationRef, EndpointRef, MessageRef, WithContent, newest_first_page
from .problems import Fault, Refused, invalid, refusal
from .schemas.deliveries import (
    EndpointMessageOut,
    MessageEndpointOut,
    delivered_message_out,
    destination_out,
    statuses_of,
)
from .schemas.lists import ListResponse

Status = Annotated[
    DeliveryStatus | None,
    QueryParameter(
        description="Only deliveries with this status: 0 success, 1 pending, 2 fail (canceled ones"
        " included unless `expanded_statuses` is true), 3 sending, 4 canceled."
    ),
]
ExpandedStatuses = Annotated[
    bool,
    QueryParameter(
        description="Show canceled deliveries with the status 4, `canceled`, as the SDKs since 2.0"
        " know it, instead of 2, `fail`; `status=2` then leaves them out."
    ),
]


class DeliveryController(Controller):
    """Deliveries: where each message stands for each endpoint."""

    path = "/api/v1/app/{app_id:str}"
    tags = ("Delivery",)
    dependencies = {  # noqa: RUF012 - Litestar reads it from the class
        "page": Provide(newest_first_page, sync_to_thread=False)
    }

    @get(
        "/msg/{msg_id:str}/endpoint",
        operation_id="v1.message-attempt.list-attempted-destinations",
        summary="List deliveries by message",
    )
    async def list_destinations(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        msg_id: MessageRef,
        page: NamedDependency[SkipValidation[Page]],
    ) -> ListResponse[MessageEndpointOut]:
        """Returns the endpoints that a message was or will be sent to, with the status of its
        delivery to each.
        """
        window = _window(page, ENDPOINT)
        found = await api.read_deliveries.of_message(caller.tenant_id, app_id, msg_id, window)
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        first, last = _ends(found.items, window)
        return ListResponse(
            data=[destination_out(item) for item in found.items],
            iterator=_iterator(ENDPOINT, last),
            prev_iterator=_iterator(ENDPOINT, first, BACKWARDS),
            done=found.done,
        )

    @get(
        "/endpoint/{endpoint_id:str}/msg",
        operation_id="v1.message-attempt.list-attempted-messages",
        summary="List deliveries by endpoint",
        dependencies={"chosen": Provide(chosen_messages, sync_to_thread=False)},
    )
    async def list_messages(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        page: NamedDependency[SkipValidation[Page]],
        chosen: NamedDependency[SkipValidation[MessageFilter]],
        status: Status = None,
        with_content: WithContent = True,
        expanded_statuses: ExpandedStatuses = False,
    ) -> ListResponse[EndpointMessageOut]:
        """Returns the messages that were or will be sent to an endpoint, newest first, with the
        status of each delivery.
        """
        found = await api.read_deliveries.of_endpoint(
            caller.tenant_id,
            app_id,
            endpoint_id,
            _window(page, MESSAGE),
            chosen,
            statuses_of(status, expanded=expanded_statuses),
            with_content=with_content,
        )
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        return ListResponse(
            data=[delivered_message_out(item, expanded=expanded_statuses) for item in found.items],
            iterator=_iterator(MESSAGE, found.oldest),
            prev_iterator=_iterator(MESSAGE, found.newest, BACKWARDS),
            done=found.done,
        )


def _window(page: Page, kind: str) -> MessageWindow:
    if page.iterator is None:
        return MessageWindow(page.limit)
    past = parse_id(kind, page.iterator.removeprefix(BACKWARDS))
    if past is None:
        message = (
            "This is no iterator of this list. Pass one from an earlier page, or leave it out."
        )
        raise Refused(invalid(Fault(("query", "iterator"), message)))
    return MessageWindow(page.limit, past, backwards=page.iterator.startswith(BACKWARDS))


def _ends(items: Sequence[Destination], window: MessageWindow) -> tuple[bytes | None, bytes | None]:
    if not items:
        return window.past, window.past
    return items[0].delivery.endpoint_id, items[-1].delivery.endpoint_id


def _iterator(kind: str, position: bytes | None, sign: str = "") -> str | None:
    return None if position is None else sign + format_id(kind, position)
