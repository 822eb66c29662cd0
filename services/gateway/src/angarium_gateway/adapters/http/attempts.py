"""/api/v1/app/{app_id}/attempt/… and /api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}"""

from typing import Annotated

from angarium_contracts.attempts import AttemptFilter, Attempts, AttemptStatus
from angarium_contracts.queries import Page, Problem
from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, SkipValidation

from angarium_gateway.application.read.messages import MessageFilter

from .dependencies import Api, ApiDependencies, CurrentCaller
from .gzip_bodies import UNCOMPRESSED
from .parameters import (
    ApplicationRef,
    AttemptRef,
    ChannelName,
    EndpointRef,
    EventTypeNames,
    MessageRef,
    TagName,
    Time,
    WithContent,
    event_types_of,
    newest_first_page,
    time_of,
)
from .problems import Fault, Refused, invalid, refusal, unwrap
from .schemas.attempt_headers import MessageAttemptHeadersOut, attempt_headers_out
from .schemas.attempts import MessageAttemptOut, StatusCodeClass, attempt_out
from .schemas.lists import ListResponse
from .schemas.messages import MessageOut, message_out

Status = Annotated[
    AttemptStatus | None,
    QueryParameter(
        description="Only attempts with this status: 0 success, 1 pending, 2 fail, 3 sending."
    ),
]
StatusClass = Annotated[
    StatusCodeClass | None,
    QueryParameter(
        description="Only attempts whose response status is in this class: 0 (no response), 100,"
        " 200, 300, 400 or 500.",
    ),
]
OneEndpoint = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=256, description="Only attempts at this endpoint, by id or uid."
    ),
]
ExpandedStatuses = Annotated[
    bool,
    QueryParameter(
        description="Taken for the SDKs, which send it: show canceled attempts as such. An attempt"
        " is never canceled, only a delivery."
    ),
]
WithMessage = Annotated[
    bool,
    QueryParameter(
        description="Include each attempt's message; its payload goes by `with_content`."
    ),
]


def chosen_attempts(
    status: Status = None,
    status_code_class: StatusClass = None,
    before: Time = None,
    after: Time = None,
    with_content: WithContent = True,
    expanded_statuses: ExpandedStatuses = False,
) -> AttemptFilter:
    """The filters of a list of attempts, by properties of the attempt itself."""
    return AttemptFilter(
        status=status,
        status_class=status_code_class,
        before=time_of("before", before),
        after=time_of("after", after),
        with_content=with_content,
    )


class AttemptController(Controller):
    """Attempts: what happened to each request that was sent to an endpoint."""

    path = "/api/v1/app/{app_id:str}"
    tags = ("Message Attempt",)
    dependencies = {  # noqa: RUF012 - Litestar reads it from the class
        "page": Provide(newest_first_page, sync_to_thread=False),
        "attempts": Provide(chosen_attempts, sync_to_thread=False),
    }

    @get(
        "/attempt/msg/{msg_id:str}",
        operation_id="v1.message-attempt.list-by-msg",
        summary="List attempts by message",
    )
    async def list_by_message(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        msg_id: MessageRef,
        page: NamedDependency[SkipValidation[Page]],
        attempts: NamedDependency[SkipValidation[AttemptFilter]],
        endpoint_id: OneEndpoint = None,
        channel: ChannelName = None,
        tag: TagName = None,
        event_types: EventTypeNames = None,
    ) -> ListResponse[MessageAttemptOut]:
        """Returns the attempts to deliver a message, to all endpoints or to one, newest first."""
        # The journal knows the message's channels, tags and type: no need to bother the worker.
        messages = MessageFilter(channel=channel, tag=tag, event_types=event_types_of(event_types))
        found = await api.read_attempts.of_message(
            caller.tenant_id, app_id, msg_id, page, attempts, messages, endpoint_id
        )
        return _listed(api, unwrap(found), {})

    @get(
        "/attempt/endpoint/{endpoint_id:str}",
        operation_id="v1.message-attempt.list-by-endpoint",
        summary="List attempts by endpoint",
    )
    async def list_by_endpoint(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        page: NamedDependency[SkipValidation[Page]],
        attempts: NamedDependency[SkipValidation[AttemptFilter]],
        channel: ChannelName = None,
        tag: TagName = None,
        event_types: EventTypeNames = None,
        with_msg: WithMessage = False,
    ) -> ListResponse[MessageAttemptOut]:
        """Returns the attempts to deliver messages to an endpoint, newest first.

        Filtering by `tag` is not supported.
        """
        if tag is not None:
            message = "Attempts of an endpoint cannot be filtered by tag. Leave `tag` out."
            raise Refused(invalid(Fault(("query", "tag"), message)))
        chosen = AttemptFilter(
            status=attempts.status,
            status_class=attempts.status_class,
            event_types=event_types_of(event_types),
            channel=channel,
            before=attempts.before,
            after=attempts.after,
            with_content=attempts.with_content,
        )
        found = await api.read_attempts.of_endpoint(
            caller.tenant_id, app_id, endpoint_id, page, chosen
        )
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        endpoint, listed = found
        if not with_msg:
            return _listed(api, listed, {})
        messages = await api.journal.find_many(
            endpoint.endpoint.application_id,
            [item.message_id for item in listed.items],
            with_content=attempts.with_content,
        )
        return _listed(api, listed, {key: message_out(value) for key, value in messages.items()})

    @get(
        "/msg/{msg_id:str}/attempt/{attempt_id:str}",
        operation_id="v1.message-attempt.get",
        summary="Get an attempt",
    )
    async def get_attempt(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        msg_id: MessageRef,
        attempt_id: AttemptRef,
        expanded_statuses: ExpandedStatuses = False,
    ) -> MessageAttemptOut:
        """Returns an attempt with the response it got."""
        found = await api.read_attempts.one(caller.tenant_id, app_id, msg_id, attempt_id)
        return attempt_out(unwrap(found).attempt, api.documentation_url)

    @get(
        "/msg/{msg_id:str}/attempt/{attempt_id:str}/headers",
        operation_id="v1.message-attempt.get-headers",
        summary="Get the headers of an attempt",
        opt={UNCOMPRESSED: True},  # a receiver may answer with a cookie
    )
    async def get_headers(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        msg_id: MessageRef,
        attempt_id: AttemptRef,
    ) -> MessageAttemptHeadersOut:
        """Returns the headers of the request as they were sent, and those of the response as they
        came.

        The values of the endpoint's own headers and of its authentication are never stored: these
        headers are named in `sensitive`. Of each head the first 4 KiB are stored, for as long as
        the attempt; deleting the content of the message or the attempt deletes them.
        """
        found = await api.read_attempts.headers(caller.tenant_id, app_id, msg_id, attempt_id)
        return attempt_headers_out(unwrap(found).headers)


def _listed(
    api: ApiDependencies, found: Attempts, messages: dict[bytes, MessageOut]
) -> ListResponse[MessageAttemptOut]:
    return ListResponse(
        data=[
            attempt_out(item, api.documentation_url, messages.get(item.message_id))
            for item in found.items
        ],
        iterator=found.iterator,
        prev_iterator=found.prev_iterator,
        done=found.done,
    )
