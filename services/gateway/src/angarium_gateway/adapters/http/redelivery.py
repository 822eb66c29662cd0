"""…/resend, …/recover, …/replay-missing, …/bulk-replay and …/send-example"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from angarium_contracts.queries import Problem
from litestar import Controller, get, post
from litestar.params import JSONBody, QueryParameter

from angarium_gateway.application.read.messages import Message
from angarium_gateway.application.redelivery.start_task import TaskRequest
from angarium_gateway.domain.background_tasks import BackgroundTask, TaskKind

from .dependencies import Api, CurrentCaller
from .parameters import TIME_PATTERN, ApplicationRef, EndpointRef, MessageRef, time_of
from .problems import (
    Fault,
    Refused,
    invalid,
    refusal,
)
from .schemas.background_tasks import (
    BulkReplayIn,
    RecoverIn,
    RecoverOut,
    ReplayIn,
    ReplayOut,
    started,
)
from .schemas.messages import MessageOut, message_out
from .schemas.redelivery import (
    EmptyResponse,
    EventExampleIn,
    RedeliveryPreviewOut,
    preview_out,
)

PreviewedTask = Annotated[
    Literal["recover", "replay-missing", "bulk-replay"],
    QueryParameter(description="The operation to preview."),
]
PreviewedFrom = Annotated[
    str | None,
    QueryParameter(
        pattern=TIME_PATTERN,
        description="Messages accepted at this time or later (RFC 3339).",
        schema_extra={"format": "date-time"},
    ),
]
PreviewedTo = Annotated[
    str | None,
    QueryParameter(
        pattern=TIME_PATTERN,
        description="Messages accepted at this time or before (RFC 3339).",
        schema_extra={"format": "date-time"},
    ),
]
OnlyEventTypes = Annotated[
    list[str] | None, QueryParameter(description="Only these event types.", max_items=250)
]
OnlyChannel = Annotated[
    str | None, QueryParameter(description="Only messages of this channel.", max_length=128)
]
OnlyTag = Annotated[
    str | None, QueryParameter(description="Only messages with this tag.", max_length=128)
]
_PREVIEWED: Final = {
    "recover": TaskKind.RECOVER,
    "replay-missing": TaskKind.REPLAY_MISSING,
    "bulk-replay": TaskKind.BULK_REPLAY,
}


class ResendController(Controller):
    """One message again."""

    path = "/api/v1/app/{app_id:str}/msg/{msg_id:str}/endpoint/{endpoint_id:str}"
    tags = ("Redelivery",)

    @post(
        "/resend",
        status_code=202,
        operation_id="v1.message-attempt.resend",
        summary="Resend a message to an endpoint",
    )
    async def resend(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        msg_id: MessageRef,
        endpoint_id: EndpointRef,
    ) -> EmptyResponse:
        """Sends a message to an endpoint again, whatever the endpoint's filters and earlier
        attempts, and starts a new retry schedule. A delivery that waits for its next attempt is
        sent at once.

        The answer is `409` if the endpoint is disabled, or if the message's content was deleted.
        """
        problem = await api.redelivery.resend(caller.tenant_id, app_id, msg_id, endpoint_id)
        if problem is not None:
            raise Refused(refusal(problem))
        return EmptyResponse()


class RedeliveryController(Controller):
    """Many messages again, and examples."""

    path = "/api/v1/app/{app_id:str}/endpoint/{endpoint_id:str}"
    tags = ("Redelivery",)

    @post(
        "/recover",
        status_code=202,
        operation_id="v1.endpoint.recover",
        summary="Resend failed messages",
    )
    async def recover(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        data: JSONBody[RecoverIn],
    ) -> RecoverOut:
        """Resends every failed message since a given time to the endpoint, in the background:
        deliveries that used up their retries, or were canceled because the endpoint was
        disabled.

        The answer is a background task. A tenant may have at most 100 running; another gets `409`,
        as does a disabled endpoint.
        """
        request = TaskRequest(TaskKind.RECOVER, _utc(data.since), _until(data.until))
        task = await api.redelivery.start_task(caller.tenant_id, app_id, endpoint_id, request)
        return started(RecoverOut, _running(task))

    @post(
        "/replay-missing",
        status_code=202,
        operation_id="v1.endpoint.replay-missing",
        summary="Send missing messages",
    )
    async def replay_missing(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        data: JSONBody[ReplayIn],
    ) -> ReplayOut:
        """Sends every message since a given time that the endpoint's filters match and that was
        never attempted, in the background. This delivers messages from before the endpoint was
        created.

        Deliveries that were canceled on request stay canceled. The answer is a background task.
        """
        request = TaskRequest(TaskKind.REPLAY_MISSING, _utc(data.since), _until(data.until))
        task = await api.redelivery.start_task(caller.tenant_id, app_id, endpoint_id, request)
        return started(ReplayOut, _running(task))

    @post(
        "/bulk-replay",
        status_code=202,
        operation_id="v1.endpoint.bulk-replay",
        summary="Replay messages",
    )
    async def bulk_replay(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        data: JSONBody[BulkReplayIn],
    ) -> ReplayOut:
        """Sends every message since a given time that the endpoint's filters match, in the
        background, whether it was delivered before or not. Narrow the choice by event types,
        channel or tag.

        The answer is a background task.
        """
        _refuse_status(data)
        request = TaskRequest(
            TaskKind.BULK_REPLAY,
            _utc(data.since),
            _until(data.until),
            event_types=None if data.event_types is None else tuple(data.event_types),
            channel=data.channel,
            tag=data.tag,
        )
        task = await api.redelivery.start_task(caller.tenant_id, app_id, endpoint_id, request)
        return started(ReplayOut, _running(task))

    @get(
        "/redelivery-preview",
        operation_id="v1.endpoint.preview-redelivery",
        summary="Preview a redelivery",
    )
    async def preview(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        task: PreviewedTask = "recover",
        since: PreviewedFrom = None,
        until: PreviewedTo = None,
        event_types: OnlyEventTypes = None,
        channel: OnlyChannel = None,
        tag: OnlyTag = None,
    ) -> RedeliveryPreviewOut:
        """Tells what recover, replay-missing or bulk-replay would send, without sending it: how
        many messages, of which event types, and how many of them were delivered before.

        Without `since`, of the last 24 hours. `event_types`, `channel` and `tag` apply to
        bulk-replay. A filter of the endpoint that reads payloads is not evaluated here.
        """
        by_content = task == "bulk-replay"
        request = TaskRequest(
            _PREVIEWED[task],
            time_of("since", since) or datetime.now(UTC) - timedelta(days=1),
            time_of("until", until),
            event_types=tuple(event_types) if event_types and by_content else None,
            channel=channel if by_content else None,
            tag=tag if by_content else None,
        )
        found = await api.redelivery.preview(caller.tenant_id, app_id, endpoint_id, request)
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        return preview_out(found)

    @post(
        "/send-example",
        status_code=200,
        operation_id="v1.endpoint.send-example",
        summary="Send an example message",
    )
    async def send_example(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        data: JSONBody[EventExampleIn],
    ) -> MessageOut:
        """Sends an example of an event type to this endpoint only, to try it out.

        The payload is one of the `examples` of the event type's newest JSON schema, or `payload` if
        the body has one. The answer is `422` if the event type has no such example. An example of
        `svix.ping` can be sent without creating that event type.
        """
        sent = await api.redelivery.send_example(
            caller.tenant_id,
            app_id,
            endpoint_id,
            data.event_type,
            index=data.example_index or 0,
            payload=data.payload,
        )
        if isinstance(sent, Problem):
            raise Refused(refusal(sent))
        return message_out(Message(sent.id, sent.event_type, None, None, None, sent.payload))


def _running(task: BackgroundTask | Problem) -> BackgroundTask:
    if isinstance(task, Problem):
        raise Refused(refusal(task))
    return task


def _refuse_status(data: BulkReplayIn) -> None:
    for name, value in (("status", data.status), ("statusCodeClass", data.status_code_class)):
        if value is not None:
            message = (
                "A replay cannot select messages by this field. Leave it out, or resend failed"
                " messages with /recover."
            )
            raise Refused(invalid(Fault(("body", name), message)))


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _until(at: datetime | None) -> datetime | None:
    return None if at is None else _utc(at)
