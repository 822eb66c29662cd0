"""/api/v1/stream/{stream_id}/events and …/sink/{sink_id}/events"""

from typing import Any

import msgspec
from angarium_contracts.queries import Problem
from litestar import Controller, Request, get, post
from litestar.params import JSONBody

from angarium_gateway.application.read.poll_messages import Poll
from angarium_gateway.application.tenants.authentication import Caller

from .audited_changes import UNAUDITED
from .dependencies import Api, CurrentCaller
from .parameters import LIMIT_DEFAULT, Limit, time_of
from .pollers import After, PollIterator
from .problems import Fault, Refused, faults_of_answer, invalid, refusal, unavailable
from .schemas.streams import (
    CreateStreamEventsIn,
    CreateStreamEventsOut,
    EventIn,
    EventStreamOut,
    events_out,
)
from .stream_requests import SinkRef, StreamRef, StreamRequests

_TEXT = "text/plain; charset=utf-8"


class StreamEventController(Controller):
    """Events: posted to a stream, and read from a sink that is polled."""

    path = "/api/v1/stream/{stream_id:str}"
    tags = ("Stream Event",)

    @post(
        "/events",
        operation_id="v1.streaming.events.create",
        summary="Post events to a stream",
        status_code=202,
        opt={UNAUDITED: True},
    )
    async def create_events(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        stream_id: StreamRef,
        data: JSONBody[CreateStreamEventsIn],
    ) -> CreateStreamEventsOut:
        """Accepts up to 1,000 events, and answers `202` once all of them are stored durably. Each
        sink gets those that its filters match, in this order.

        If an event is not valid, none is stored, and the `422` names it. A `503` may have stored
        some: send the request with an `Idempotency-Key`, and its repeats store the others only.
        """
        texts = [_message(event) for event in data.events]
        await _refuse_invalid(api, caller, texts)
        ref = await StreamRequests(api, caller).application_ref(stream_id, data.stream)
        answer = await api.post_batch(request, texts, ref)
        if answer.created < len(texts):
            raise Refused(unavailable("Not all events were stored. Repeat the request."))
        return CreateStreamEventsOut()

    @get(
        "/sink/{sink_id:str}/events",
        operation_id="v1.streaming.events.get",
        summary="Poll the events of a sink",
    )
    async def get_events(
        self,
        api: Api,
        caller: CurrentCaller,
        stream_id: StreamRef,
        sink_id: SinkRef,
        limit: Limit = LIMIT_DEFAULT,
        iterator: PollIterator = None,
        after: After = None,
    ) -> EventStreamOut:
        """Returns events of a sink of the type `poller` after `iterator`, which the client stores,
        in order. A page has at most `limit` events and about 4 MiB of payloads.
        """
        ref = await StreamRequests(api, caller).application_ref(stream_id)
        poll = Poll(limit, iterator, after=time_of("after", after))
        page = await api.poll_messages.poll(caller.tenant_id, ref, sink_id, poll)
        if isinstance(page, Problem):
            raise Refused(refusal(page))
        return events_out(page)


async def _refuse_invalid(api: Api, caller: Caller, texts: list[bytes]) -> None:
    """Refuse the whole request before anything of it is stored. Raises `Refused`."""
    faults = []
    for place, answer in await api.post_batch.refusals(caller, texts):
        of_event = faults_of_answer(answer, ("events", str(place), "payload"))
        if not of_event:
            raise Refused(answer)
        faults += [
            Fault(("body", "events", str(place), "payload"), each.message) for each in of_event
        ]
    if faults:
        raise Refused(invalid(*faults[:20]))


def _message(event: EventIn) -> bytes:
    """The event as the message that carries it. What is no JSON is sent as text."""
    params: dict[str, Any] = {"rawPayload": event.payload}
    try:
        msgspec.json.decode(event.payload)
    except (msgspec.DecodeError, RecursionError):
        params["headers"] = {"content-type": _TEXT}
    body = {"eventType": event.event_type, "payload": {}, "transformationsParams": params}
    return msgspec.json.encode(body)
