"""/api/v1/search/… and /api/v1/app/{app_id}/search/…"""

from typing import Annotated

from angarium_contracts.attempts import AttemptFilter, Attempts, SearchAttempts
from angarium_contracts.ids import ENDPOINT, MESSAGE, format_id, id_range, parse_id
from angarium_contracts.queries import Page
from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, SkipValidation

from angarium_gateway.application.read.messages import (
    FoundMessages,
    MessageFilter,
    TooManyApplications,
)

from .attempts import ExpandedStatuses, Status, StatusClass
from .dependencies import Api, ApiDependencies, CurrentCaller
from .messages import BACKWARDS, application_of, window_of_page
from .parameters import (
    NAME_CHARS_MAX,
    ApplicationRef,
    ChannelName,
    EventTypeNames,
    TagName,
    Time,
    WithContent,
    event_types_of,
    newest_first_page,
    time_of,
)
from .problems import Fault, Refused, invalid, unwrap
from .schemas.lists import ListResponse
from .schemas.search import FoundAttemptOut, FoundMessageOut, found_attempt_out, found_message_out

IdPrefix = Annotated[
    str | None,
    QueryParameter(
        min_length=4,
        max_length=26,
        description="Only messages whose id is this or begins with it, such as `msg_05jHR6`.",
    ),
]
EventId = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=NAME_CHARS_MAX, description="Only messages with this `eventId`."
    ),
]
EventIdPrefix = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=NAME_CHARS_MAX,
        description="Only messages whose `eventId` begins with this.",
    ),
]
EndpointId = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=256, description="Only attempts at this endpoint, by its id."
    ),
]
MessageIdPrefix = Annotated[
    str | None,
    QueryParameter(
        min_length=4,
        max_length=26,
        description="Only attempts to deliver messages whose id is this or begins with it.",
    ),
]
MessageEventIdPrefix = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=NAME_CHARS_MAX,
        description="Only attempts to deliver messages whose `eventId` begins with this.",
    ),
]
Latest = Annotated[
    bool,
    QueryParameter(
        description="Only the latest attempt of each delivery: how deliveries are now. `status` and"
        " the other filters are then those of the latest attempt."
    ),
]
WillRetry = Annotated[
    bool | None,
    QueryParameter(
        description="Only attempts after which another was scheduled (`true`), or none was"
        " (`false`). With `status=2`, `latest=true` and `will_retry=false`: deliveries that failed"
        " for good."
    ),
]
Content = Annotated[
    bool, QueryParameter(description="Include payloads, or response bodies. They are left out.")
]


def wanted_messages(
    id_prefix: IdPrefix = None,
    event_id: EventId = None,
    event_id_prefix: EventIdPrefix = None,
    channel: ChannelName = None,
    tag: TagName = None,
    event_types: EventTypeNames = None,
    before: Time = None,
    after: Time = None,
) -> MessageFilter:
    """The filters of a search for messages."""
    return MessageFilter(
        channel=channel,
        tag=tag,
        event_types=event_types_of(event_types),
        before=time_of("before", before),
        after=time_of("after", after),
        ids=None if id_prefix is None else _ids_of(id_prefix),
        event_id=event_id,
        event_id_prefix=event_id_prefix,
    )


def wanted_attempts(
    status: Status = None,
    status_code_class: StatusClass = None,
    channel: ChannelName = None,
    event_types: EventTypeNames = None,
    before: Time = None,
    after: Time = None,
    latest: Latest = False,
    will_retry: WillRetry = None,
    with_content: WithContent = True,
    expanded_statuses: ExpandedStatuses = False,
) -> AttemptFilter:
    """The filters of a search for attempts, by properties of the attempt itself."""
    return AttemptFilter(
        status=status,
        status_class=status_code_class,
        event_types=event_types_of(event_types),
        channel=channel,
        before=time_of("before", before),
        after=time_of("after", after),
        with_content=with_content,
        will_retry=will_retry,
        latest=latest,
    )


def messages_of_attempts(
    tag: TagName = None,
    msg_id_prefix: MessageIdPrefix = None,
    event_id_prefix: MessageEventIdPrefix = None,
    before: Time = None,
) -> MessageFilter | None:
    """The filters of a search for attempts, by properties of their messages; None for none."""
    if tag is None and msg_id_prefix is None and event_id_prefix is None:
        return None
    return MessageFilter(
        tag=tag,
        ids=None if msg_id_prefix is None else _ids_of(msg_id_prefix, "msg_id_prefix"),
        event_id_prefix=event_id_prefix,
        # A message is accepted before it is attempted.
        before=time_of("before", before),
    )


class SearchController(Controller):
    """Searches in one application and across all of them."""

    path = "/api/v1"
    tags = ("Search",)
    dependencies = {  # noqa: RUF012 - Litestar reads it from the class
        "page": Provide(newest_first_page, sync_to_thread=False),
        "messages": Provide(wanted_messages, sync_to_thread=False),
        "chosen": Provide(wanted_attempts, sync_to_thread=False),
        "of_messages": Provide(messages_of_attempts, sync_to_thread=False),
    }

    @get(
        "/app/{app_id:str}/search/messages",
        operation_id="v1.search.messages-of-application",
        summary="Search an application's messages",
    )
    async def messages_of_application(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        page: NamedDependency[SkipValidation[Page]],
        messages: NamedDependency[SkipValidation[MessageFilter]],
        with_content: Content = False,
    ) -> ListResponse[FoundMessageOut]:
        """Returns the application's messages that match all filters, newest first.

        A page may be short or empty while `done` is false, with `event_id_prefix` and with several
        filters: a search examines at most 20,000 messages a page. Go on with `iterator`.
        """
        application = await application_of(api, caller.tenant_id, app_id)
        found = await _messages(
            api, caller.tenant_id, application.id, page, messages, with_content=with_content
        )
        return _listed(found)

    @get(
        "/search/messages",
        operation_id="v1.search.messages",
        summary="Search the messages of all applications",
    )
    async def messages(
        self,
        api: Api,
        caller: CurrentCaller,
        page: NamedDependency[SkipValidation[Page]],
        messages: NamedDependency[SkipValidation[MessageFilter]],
        with_content: Content = False,
    ) -> ListResponse[FoundMessageOut]:
        """Returns the messages of all applications that match all filters, newest first.

        A page may be short or empty while `done` is false, with `event_id_prefix` and with several
        filters: a search examines at most 20,000 messages a page, or 500 of each application if
        that is more. Go on with `iterator`. By `event_id_prefix`, more than 2,000 applications are
        not searched at once.
        """
        found = await _messages(
            api, caller.tenant_id, None, page, messages, with_content=with_content
        )
        return _listed(found)

    @get(
        "/app/{app_id:str}/search/attempts",
        operation_id="v1.search.attempts-of-application",
        summary="Search an application's attempts",
    )
    async def attempts_of_application(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        page: NamedDependency[SkipValidation[Page]],
        chosen: NamedDependency[SkipValidation[AttemptFilter]],
        of_messages: NamedDependency[SkipValidation[MessageFilter | None]],
        endpoint_id: EndpointId = None,
    ) -> ListResponse[FoundAttemptOut]:
        """Returns the attempts at all of the application's endpoints that match all filters, newest
        first.

        A page may be short or empty while `done` is false: a search examines at most 20,000
        attempts a page, or 500 of each endpoint if that is more. Go on with `iterator`. Failed
        attempts (`status=2`, or a `status_code_class` of 300 or above) have an index.

        With `tag`, `msg_id_prefix` or `event_id_prefix`, messages are searched first: attempts come
        in the order of their messages, and there is no `prevIterator`.
        """
        application = await application_of(api, caller.tenant_id, app_id)
        question = SearchAttempts(
            tenant_id=caller.tenant_id,
            page=page,
            application_id=application.id,
            endpoint_id=_endpoint_of(endpoint_id),
            filter=chosen,
        )
        return await _attempts(api, question, of_messages)

    @get(
        "/search/attempts",
        operation_id="v1.search.attempts",
        summary="Search the attempts of all applications",
    )
    async def attempts(
        self,
        api: Api,
        caller: CurrentCaller,
        page: NamedDependency[SkipValidation[Page]],
        chosen: NamedDependency[SkipValidation[AttemptFilter]],
        of_messages: NamedDependency[SkipValidation[MessageFilter | None]],
        endpoint_id: EndpointId = None,
    ) -> ListResponse[FoundAttemptOut]:
        """Returns the attempts of all applications that match all filters, newest first.

        A page may be short or empty while `done` is false: a search examines at most 20,000
        attempts a page, or 500 of each endpoint if that is more. Go on with `iterator`. Failed
        attempts (`status=2`, or a `status_code_class` of 300 or above) have an index; with other
        filters that no index has, more than 2,000 endpoints are not searched at once.
        """
        question = SearchAttempts(
            tenant_id=caller.tenant_id,
            page=page,
            endpoint_id=_endpoint_of(endpoint_id),
            filter=chosen,
        )
        return await _attempts(api, question, of_messages)


async def _messages(
    api: ApiDependencies,
    tenant_id: bytes,
    application_id: bytes | None,
    page: Page,
    chosen: MessageFilter,
    *,
    with_content: bool,
) -> FoundMessages:
    try:
        return await api.message_search.search(
            tenant_id, application_id, window_of_page(page), chosen, with_content=with_content
        )
    except TooManyApplications as refused:
        raise Refused(invalid(Fault(("query",), str(refused)))) from None


def _listed(found: FoundMessages) -> ListResponse[FoundMessageOut]:
    older, newer = found.oldest, found.newest
    return ListResponse(
        data=[found_message_out(item) for item in found.items],
        iterator=None if older is None else format_id(MESSAGE, older),
        prev_iterator=None if newer is None else BACKWARDS + format_id(MESSAGE, newer),
        done=found.done,
    )


async def _attempts(
    api: ApiDependencies, question: SearchAttempts, of_messages: MessageFilter | None
) -> ListResponse[FoundAttemptOut]:
    if of_messages is None:
        found = unwrap(await api.ask_worker(question, Attempts))
    else:
        found = unwrap(await api.search_attempts_of_messages(question, of_messages))
    return ListResponse(
        data=[found_attempt_out(item, api.documentation_url) for item in found.items],
        iterator=found.iterator,
        prev_iterator=found.prev_iterator,
        done=found.done,
    )


def _endpoint_of(text: str | None) -> bytes | None:
    if text is None:
        return None
    endpoint_id = parse_id(ENDPOINT, text)
    if endpoint_id is None:
        message = "This is no id of an endpoint. Give its id, such as `ep_…`, not its uid."
        raise Refused(invalid(Fault(("query", "endpoint_id"), message)))
    return endpoint_id


def _ids_of(text: str, parameter: str = "id_prefix") -> tuple[bytes, bytes]:
    found = id_range(MESSAGE, text)
    if found is None:
        message = "This is no beginning of a message's id. It begins with `msg_`."
        raise Refused(invalid(Fault(("query", parameter), message)))
    return found
