"""/api/v1/app/{app_id}/msg: reading. accept_route.py answers its POST, before all this."""

from typing import Final

from angarium_contracts.deliveries import MessageKind, MessagePrechecked, PrecheckMessage
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import MESSAGE, format_id, parse_id
from angarium_contracts.queries import Page, Problem
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, SkipValidation

from angarium_gateway.application.read.messages import MessageFilter, MessageWindow
from angarium_gateway.application.read.references import message_not_found

from .audited_changes import UNAUDITED
from .dependencies import Api, ApiDependencies, CurrentCaller
from .parameters import (
    ApplicationRef,
    ChannelName,
    EventTypeNames,
    MessageRef,
    TagName,
    Time,
    WithContent,
    event_types_of,
    newest_first_page,
    time_of,
)
from .problems import Fault, Refused, invalid, problem_answer, refusal, unwrap
from .schemas.lists import ListResponse
from .schemas.messages import (
    MessageIn,
    MessageOut,
    MessagePrecheckIn,
    MessagePrecheckOut,
    message_out,
)

RAW_TYPE: Final = "*/*"
_RAW_RESPONSES: Final = {
    200: ResponseSpec(
        data_container=bytes,
        description="The payload, with the content type that it is delivered with.",
        media_type=RAW_TYPE,
        generate_examples=False,
    )
}
BACKWARDS = "-"
"""Before an iterator: the page before it."""


def chosen_messages(
    channel: ChannelName = None,
    tag: TagName = None,
    before: Time = None,
    after: Time = None,
    event_types: EventTypeNames = None,
) -> MessageFilter:
    """The filters of a list of messages."""
    return MessageFilter(
        channel=channel,
        tag=tag,
        event_types=event_types_of(event_types),
        before=time_of("before", before),
        after=time_of("after", after),
    )


class MessageController(Controller):
    """Messages: the events that were posted to an application."""

    path = "/api/v1/app/{app_id:str}/msg"
    tags = ("Message",)

    @get(
        operation_id="v1.message.list",
        summary="List messages",
        dependencies={
            "page": Provide(newest_first_page, sync_to_thread=False),
            "chosen": Provide(chosen_messages, sync_to_thread=False),
        },
    )
    async def list_messages(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        page: NamedDependency[SkipValidation[Page]],
        chosen: NamedDependency[SkipValidation[MessageFilter]],
        with_content: WithContent = True,
    ) -> ListResponse[MessageOut]:
        """Returns the application's messages, newest first.

        Without `with_content` each `payload` is an empty object.
        """
        window = window_of_page(page)
        application = await application_of(api, caller.tenant_id, app_id)
        found = await api.journal.page(application.id, window, chosen, with_content=with_content)
        older, newer = found.oldest, found.newest
        return ListResponse(
            data=[message_out(item) for item in found.items],
            iterator=None if older is None else format_id(MESSAGE, older),
            prev_iterator=None if newer is None else BACKWARDS + format_id(MESSAGE, newer),
            done=found.done,
        )

    @post(
        status_code=202,
        operation_id="v1.message.create",
        summary="Send a message",
        opt={UNAUDITED: True},
    )
    async def create_message(
        self, app_id: ApplicationRef, data: JSONBody[MessageIn], with_content: WithContent = True
    ) -> MessageOut:
        """Accepts a message for delivery to every enabled endpoint of the application whose filters
        match, and answers `202` once it is stored durably.

        The payload is a JSON object of at most 1 MiB (unless the operator set another limit), and
        is delivered byte for byte as it was sent. Endpoints that are created later do not get the
        message, unless it is replayed for them.

        With `deliverAt` the message waits until then. With `application`, an application that does
        not exist yet is created first. Send an `Idempotency-Key` or an `eventId` to repeat the
        request safely.
        """
        # accept_route.py answers this operation. Only a path that names no possible application
        # gets here, and is refused for it.
        raise NotImplementedError

    @post(
        "/precheck/active",
        status_code=200,
        operation_id="v1.message.precheck",
        summary="Check that a message would reach an endpoint",
        opt={UNAUDITED: True},
    )
    async def precheck_message(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        data: JSONBody[MessagePrecheckIn],
    ) -> MessagePrecheckOut:
        """Tells whether any enabled endpoint of the application would get a message of this event
        type on these channels. Call it before you put together a payload that is dear to make.
        """
        question = PrecheckMessage(
            tenant_id=caller.tenant_id,
            application_ref=app_id,
            kind=MessageKind(data.event_type, tuple(data.channels or ())),
        )
        found = unwrap(await api.ask_dispatcher(question, MessagePrechecked))
        return MessagePrecheckOut(active=found.active)

    @get("/{msg_id:str}", operation_id="v1.message.get", summary="Get a message")
    async def get_message(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        msg_id: MessageRef,
        with_content: WithContent = True,
    ) -> MessageOut:
        """Returns a message by its id or `eventId`."""
        application = await application_of(api, caller.tenant_id, app_id)
        message = await api.journal.find(application.id, msg_id, with_content=with_content)
        if message is None:
            raise Refused(refusal(message_not_found(msg_id)))
        return message_out(message)

    @get(
        "/{msg_id:str}/raw",
        operation_id="v1.message.get-raw-payload",
        summary="Get the payload of a message",
        media_type=RAW_TYPE,
        responses=_RAW_RESPONSES,
    )
    async def get_raw_payload(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, msg_id: MessageRef
    ) -> Response[bytes]:
        """Returns a message's payload byte for byte as it is delivered, with its content type.

        Answers `404` once the payload was deleted.
        """
        application = await application_of(api, caller.tenant_id, app_id)
        message = await api.journal.find(application.id, msg_id, with_content=True)
        if message is None:
            raise Refused(refusal(message_not_found(msg_id)))
        if message.payload is None or message.expunged:
            detail = "The payload of this message was deleted, and cannot be read any more."
            raise Refused(problem_answer(404, "payload_deleted", "Not found", detail))
        # The tenant chose the bytes and their type: no browser may show them as a page of ours.
        headers = {"content-disposition": "attachment", "content-security-policy": "sandbox"}
        return Response(
            message.payload,
            media_type=message.content_type or "application/json",
            headers=headers,
        )


async def application_of(api: ApiDependencies, tenant_id: bytes, ref: str) -> ApplicationState:
    """The application that `ref` names. Raises `Refused` (404)."""
    application = await api.directory.find(tenant_id, ref)
    if isinstance(application, Problem):
        raise Refused(refusal(application))
    return application


def window_of_page(page: Page) -> MessageWindow:
    """The window of a request. Raises `Refused` (422) for the iterator of another list."""
    if page.iterator is None:
        return MessageWindow(page.limit)
    past = parse_id(MESSAGE, page.iterator.removeprefix(BACKWARDS))
    if past is None:
        message = (
            "This is no iterator of this list. Pass one from an earlier page, or leave it out."
        )
        raise Refused(invalid(Fault(("query", "iterator"), message)))
    return MessageWindow(page.limit, past, backwards=page.iterator.startswith(BACKWARDS))
