"""Streams through the official SDK: events in order, to sinks that are pushed or polled."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from svix.api import Svix, SvixOptions
from svix.exceptions import HttpError, HTTPValidationError
from svix.models import (
    CreateStreamEventsIn,
    EndpointSecretRotateIn,
    EventIn,
    EventStreamOut,
    HttpSinkHeadersPatchIn,
    S3ConfigIn,
    SinkHttpConfigIn,
    SinkHttpConfigOut,
    SinkHttpConfigPatch,
    SinkStatusIn,
    StreamEventTypeIn,
    StreamEventTypePatch,
    StreamIn,
    StreamOut,
    StreamPortalAccessIn,
    StreamSinkIn,
    StreamSinkPatch,
    StreamTokenExpireIn,
)

from ..dev_platform import DevPlatform, api_client  # noqa: TID252 - no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WAIT_S, WebhookReceiver  # noqa: TID252


@pytest.fixture
def svix(platform: DevPlatform) -> Svix:
    """The synchronous client. The published document does not have these operations; the SDK's
    models check them."""
    return Svix(platform.key, SvixOptions(server_url=platform.url, retry_schedule=[]))


@pytest.fixture
def stream(svix: Svix) -> StreamOut:
    name = StreamIn(name="Orders", uid=f"orders-{uuid4().hex}", metadata={"k": "v"})
    return svix.streaming.stream.create(name)


def events(*payloads: str, event_type: str = "order.placed") -> CreateStreamEventsIn:
    return CreateStreamEventsIn(
        events=[EventIn(event_type=event_type, payload=payload) for payload in payloads]
    )


def pushed(url: str, **members: Any) -> StreamSinkIn:
    return StreamSinkIn(type="http", config=SinkHttpConfigIn(url=url), **members)


def refused_with(status: int, call: Callable[[], object]) -> bool:
    try:
        call()
    except HttpError as refused:
        return refused.status_code == status
    return False


def test_events_come_to_every_sink_in_order(
    svix: Svix, stream: StreamOut, receiver: WebhookReceiver
) -> None:
    assert stream.metadata == {"k": "v"}
    sinks, ref = svix.streaming.sink, stream.uid or ""
    http = sinks.create(ref, pushed(f"{receiver.url}/ok", uid="http"))
    assert (http.type, http.status.value, http.batch_size) == ("http", "enabled", 1)
    sinks.create(ref, StreamSinkIn(type="poller", uid="polled", config={}))
    payloads = [json.dumps({"order": number}) for number in range(20)]
    svix.streaming.events.create(ref, events(*payloads))
    svix.streaming.events.create(ref, events("plain text", "[1, 2]", event_type="other"))

    def polled() -> EventStreamOut | None:
        page = svix.streaming.events.get(ref, "polled")
        return page if len(page.data) == 22 else None

    page = until(polled, WAIT_S, "all events can be polled")
    assert [event.payload for event in page.data] == [*payloads, "plain text", "[1, 2]"]
    assert [event.event_type for event in page.data[19:]] == ["order.placed", "other", "other"]
    stored = svix.message.list(stream.id).data
    in_order = [message.id for message in stored][::-1]

    def received() -> list[str]:
        return [each["id"] for each in receiver.entries() if each["id"] in in_order]

    until(lambda: len(received()) == 22, WAIT_S, "all events are received")
    assert received() == in_order


def test_a_disabled_sink_gets_its_events_when_it_is_enabled(
    svix: Svix, stream: StreamOut, receiver: WebhookReceiver
) -> None:
    sinks = svix.streaming.sink
    sink = sinks.create(stream.id, pushed(f"{receiver.url}/ok", event_types=["a"]))
    for status in (SinkStatusIn.DISABLED, SinkStatusIn.ENABLED):
        patch = StreamSinkPatch(type="http", config=SinkHttpConfigPatch(), status=status)
        assert sinks.patch(stream.id, sink.id, patch).status.value == status.value
        if status is SinkStatusIn.DISABLED:
            svix.streaming.events.create(stream.id, events("{}", event_type="a"))
            svix.streaming.events.create(stream.id, events("{}", event_type="b"))
    (kept,) = [each for each in svix.message.list(stream.id).data if each.event_type == "a"]
    receiver.wait_for_ids({kept.id})


def test_streams_live_their_whole_life(svix: Svix, stream: StreamOut) -> None:
    streams = svix.streaming.stream
    assert streams.get(stream.uid or "") == stream
    assert stream in streams.list().data
    assert stream.uid not in [each.uid for each in svix.application.list().data]
    replaced = streams.upsert(stream.uid or "", StreamIn(name="Renamed"))
    assert (replaced.id, replaced.uid, replaced.name) == (stream.id, stream.uid, "Renamed")
    made = streams.upsert(f"new-{uuid4().hex}", StreamIn(name="New"))
    assert made.id != stream.id
    brought = f"brought-{uuid4().hex}"
    with_stream = events("{}")
    with_stream.stream = StreamIn(name="Brought")
    svix.streaming.events.create(brought, with_stream)
    assert streams.get(brought).name == "Brought"
    streams.delete(stream.id)
    for call in (
        lambda: streams.get(stream.id),
        lambda: svix.streaming.events.create(stream.id, events("{}")),
        lambda: svix.streaming.sink.list(stream.id),
    ):
        assert refused_with(404, call)


def test_sinks_live_their_whole_life(
    svix: Svix, stream: StreamOut, receiver: WebhookReceiver
) -> None:
    sinks, url = svix.streaming.sink, f"{receiver.url}/ok"
    made = sinks.upsert(stream.id, "one", pushed(url, metadata={"k": "v"}))
    assert sinks.get(stream.id, "one") == made
    assert sinks.list(stream.id).data == [made]
    headers = HttpSinkHeadersPatchIn(headers={"X-Team": "a", "Authorization": "b"})
    changed = svix.streaming.sink_headers_patch(stream.id, "one", headers)
    assert (changed.headers, changed.sensitive) == ({"X-Team": "a"}, ["Authorization"])
    assert svix.streaming.sink_headers_get(stream.id, "one") == changed
    config = sinks.get(stream.id, "one").config
    assert isinstance(config, SinkHttpConfigOut)
    assert config.headers.headers == {"X-Team": "a"}
    before = sinks.get_secret(stream.id, "one").key
    rotated = sinks.rotate_secret(stream.id, "one", EndpointSecretRotateIn())
    assert rotated.key == sinks.get_secret(stream.id, "one").key != before
    # It is an endpoint of the application that the stream is.
    assert svix.endpoint.get(stream.id, "one").id == made.id
    sinks.create(stream.id, StreamSinkIn(type="poller", uid="polled", config={}))
    assert refused_with(404, lambda: sinks.get_secret(stream.id, "polled"))
    sinks.delete(stream.id, "one")
    assert [each.uid for each in sinks.list(stream.id).data] == ["polled"]


def test_event_types_of_streams_are_those_of_messages(svix: Svix) -> None:
    types, name = svix.streaming.event_type, f"t-{uuid4().hex}"
    made = types.create(StreamEventTypeIn(name=name, description="d", feature_flags=["beta"]))
    assert (made.name, made.description, made.feature_flags) == (name, "d", ["beta"])
    assert svix.event_type.get(name).description == "d"
    assert types.get(name) == made
    assert made in types.list().data
    changed = types.patch(name, StreamEventTypePatch(deprecated=True))
    assert (changed.deprecated, changed.description) == (True, "d")
    replaced = types.upsert(name, StreamEventTypeIn(name=name))
    assert (replaced.deprecated, replaced.description) == (False, "")
    types.delete(name)
    assert types.get(name).archived


def test_a_portal_of_a_stream_sees_this_stream_only(
    platform: DevPlatform, svix: Svix, stream: StreamOut
) -> None:
    svix.streaming.sink.create(stream.id, StreamSinkIn(type="poller", uid="polled", config={}))
    other = svix.streaming.stream.create(StreamIn(name="Other"))
    access = svix.authentication.stream_portal_access(
        stream.id, StreamPortalAccessIn(session_id="s")
    )
    customer = Svix(access.token, SvixOptions(server_url=platform.url, retry_schedule=[]))
    assert customer.streaming.stream.get(stream.uid or "").name == "Orders"
    assert customer.streaming.events.get(stream.id, "polled").data == []
    assert len(customer.streaming.sink.list(stream.uid or "").data) == 1
    for call, status in (
        (lambda: customer.streaming.stream.get(other.id), 404),
        (lambda: customer.streaming.sink.list(other.id), 404),
        (lambda: customer.streaming.stream.list(), 403),
        (lambda: customer.streaming.events.create(stream.id, events("{}")), 403),
    ):
        assert refused_with(status, call)
    customer.authentication.stream_logout()
    until(
        lambda: refused_with(401, lambda: customer.streaming.stream.get(stream.id)),
        10,
        "the token has ended",
    )
    token = svix.authentication.stream_portal_access(
        stream.id, StreamPortalAccessIn(session_id="s")
    ).token
    svix.authentication.stream_expire_all(stream.id, StreamTokenExpireIn(session_ids=["s"]))
    with api_client(platform.url, token) as client:
        path = f"/stream/{stream.id}"
        until(lambda: client.get(path).status_code == 401, 10, "the session has ended")


def test_what_does_not_exist_is_refused_by_name_and_nothing_is_stored(
    svix: Svix, stream: StreamOut
) -> None:
    bucket = S3ConfigIn(bucket="b")
    with pytest.raises(HTTPValidationError) as refused:
        svix.streaming.sink.create(stream.id, StreamSinkIn(type="amazonS3", config=bucket))
    messages = {tuple(fault.loc): fault.msg for fault in refused.value.detail}
    assert messages["body", "type"] == "`type` must be one of `http`, `poller`."
    with pytest.raises(HTTPValidationError) as batched:
        svix.streaming.sink.create(stream.id, pushed("https://example.com", batch_size=100))
    assert batched.value.detail[0].loc == ["body", "batchSize"]
    too_large = events("{}", "x" * 2_000_000)
    assert refused_with(422, lambda: svix.streaming.events.create(stream.id, too_large)) or (
        refused_with(413, lambda: svix.streaming.events.create(stream.id, too_large))
    )
    assert svix.message.list(stream.id).data == []
