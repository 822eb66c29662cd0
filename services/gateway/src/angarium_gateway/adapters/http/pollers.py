"""/api/v1/app/{app_id}/poller/{sink_id}"""

from dataclasses import replace
from datetime import UTC
from functools import partial
from typing import Annotated, Any

from angarium_contracts.queries import Problem
from litestar import Controller, Request, delete, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from angarium_gateway.application.read.poll_messages import Poll, PolledPage
from angarium_gateway.application.tenants.authentication import Caller

from .dependencies import Api, CurrentCaller
from .parameters import (
    LIMIT_DEFAULT,
    NAME_CHARS_MAX,
    TIME_PATTERN,
    ApplicationRef,
    ChannelName,
    Limit,
    time_of,
)
from .problems import Refused, refusal
from .schemas.fields import NAME_PATTERN
from .schemas.polling import (
    PollingEndpointConsumerSeekIn,
    PollingEndpointConsumerSeekOut,
    PollingEndpointConsumersOut,
    PollingEndpointOut,
    consumer_out,
    polled_out,
)
from .waiting_polls import Wait, answer_poll

SinkRef = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN,
        max_length=NAME_CHARS_MAX,
        description="The id or uid of an endpoint with the URL `poll://messages`.",
    ),
]
ConsumerName = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN,
        max_length=NAME_CHARS_MAX,
        description="A name of your own for what reads the messages. The first request with a new"
        " name creates the consumer; an endpoint may have 100.",
    ),
]
PollIterator = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=512,
        description="`iterator` of the answer before; without it, everything that is kept is read"
        " from the beginning.",
    ),
]
ConfirmedIterator = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=512,
        description="`iterator` of the answer whose messages have been processed. Without it, the"
        " answer is what comes after the last one that was passed.",
    ),
]
EventType = Annotated[
    str | None,
    QueryParameter(
        pattern=NAME_PATTERN,
        max_length=NAME_CHARS_MAX,
        description="Only messages of this event type, of those that the endpoint receives.",
    ),
]
After = Annotated[
    str | None,
    QueryParameter(
        pattern=TIME_PATTERN,
        description="Read every message accepted at or after this time (RFC 3339; UTC if it has no"
        " offset), and none that became available earlier.",
        schema_extra={"format": "date-time"},
    ),
]


class PollerController(Controller):
    """Messages of endpoints that are polled."""

    path = "/api/v1/app/{app_id:str}/poller/{sink_id:str}"
    tags = ("Poller",)

    @get(operation_id="v1.message.poller.poll", summary="Poll messages")
    async def poll(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        sink_id: SinkRef,
        limit: Limit = LIMIT_DEFAULT,
        iterator: PollIterator = None,
        event_type: EventType = None,
        channel: ChannelName = None,
        after: After = None,
        wait: Wait = 0,
    ) -> PollingEndpointOut:
        """Returns messages of the endpoint after `iterator`, which the client stores.

        A page has at most `limit` messages and about 4 MiB of payloads. With `wait`, the answer
        waits for a message if there is none.
        """
        poll = Poll(limit, iterator, event_type, channel, time_of("after", after))

        async def page() -> PolledPage | Problem:
            nonlocal poll
            found = await api.poll_messages.poll(caller.tenant_id, app_id, sink_id, poll)
            if not isinstance(found, Problem):
                # What did not match need not be searched again.
                poll = replace(poll, iterator=found.iterator)
            return found

        return polled_out(await answer_poll(request, api, app_id, wait, page))

    @get(
        "/consumer/{consumer_id:str}",
        operation_id="v1.message.poller.consumer-poll",
        summary="Poll messages as a consumer",
    )
    async def poll_as_consumer(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        sink_id: SinkRef,
        consumer_id: ConsumerName,
        limit: Limit = LIMIT_DEFAULT,
        iterator: ConfirmedIterator = None,
        wait: Wait = 0,
    ) -> PollingEndpointOut:
        """Returns messages of the endpoint after the position of the consumer, which is stored
        here.

        Passing the `iterator` of an answer confirms its messages: the position moves there, and
        the answer has what follows. A request without it gets the same messages until then, as
        after a restart. A new consumer starts with everything that is kept. With `wait`, the answer
        waits for a message if there is none.
        """
        ask = partial(
            api.poll_messages.poll_as,
            caller.tenant_id,
            app_id,
            sink_id,
            consumer_id,
            Poll(limit, iterator),
        )
        return polled_out(await answer_poll(request, api, app_id, wait, ask))

    @post(
        "/consumer/{consumer_id:str}/seek",
        status_code=200,
        operation_id="v1.message.poller.consumer-seek",
        summary="Move a consumer to a time",
    )
    async def seek(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        sink_id: SinkRef,
        consumer_id: ConsumerName,
        data: JSONBody[PollingEndpointConsumerSeekIn],
    ) -> PollingEndpointConsumerSeekOut:
        """Moves the position of a consumer to a time, back or forward. Iterators that it got
        before confirm nothing from then on."""
        after = data.after.astimezone(UTC)
        iterator = await api.poll_messages.seek(
            caller.tenant_id, app_id, sink_id, consumer_id, after
        )
        if isinstance(iterator, Problem):
            raise Refused(refusal(iterator))
        return PollingEndpointConsumerSeekOut(iterator=iterator)

    @get(
        "/consumer",
        operation_id="v1.message.poller.list-consumers",
        summary="List consumers",
    )
    async def list_consumers(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, sink_id: SinkRef
    ) -> PollingEndpointConsumersOut:
        """Returns the consumers of the endpoint, and how far each of them is behind."""
        found = await api.poll_messages.consumers(caller.tenant_id, app_id, sink_id)
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        return PollingEndpointConsumersOut(data=[consumer_out(each) for each in found])

    @delete(
        "/consumer/{consumer_id:str}",
        status_code=204,
        operation_id="v1.message.poller.delete-consumer",
        summary="Delete a consumer",
    )
    async def delete_consumer(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        sink_id: SinkRef,
        consumer_id: ConsumerName,
    ) -> None:
        """Deletes the position of a consumer. If it polls again, it starts from the beginning."""
        problem = await api.poll_messages.forget(caller.tenant_id, app_id, sink_id, consumer_id)
        if problem is not None:
            raise Refused(refusal(problem))
