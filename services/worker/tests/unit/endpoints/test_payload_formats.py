"""The forms in which messages are sent, as their receivers read them."""

import base64
import json
from typing import Any

import pytest
from angarium_contracts.ids import MESSAGE, created_at_ms, format_id
from angarium_signing import SigningSecret, verify
from angarium_webhooks.fetch_link import LIFE_S, read_link
from angarium_worker.adapters.destinations.webhook import FetchLinks
from angarium_worker.adapters.destinations.webhook.payload_formats import format_of
from angarium_worker.application.destinations.destination import (
    DestinationOptions,
    OptionsUnusable,
    OutgoingDelivery,
)
from cloudevents.http import from_http

ACCEPTED_MS = 1_700_000_000_123
MESSAGE_ID = ACCEPTED_MS.to_bytes(6) + b"\x70" + b"m" * 9
WEBHOOK_ID = format_id(MESSAGE, MESSAGE_ID)
TENANT_ID, APPLICATION_ID = b"t" * 16, b"a" * 16
LINKS = FetchLinks("https://hooks.example.com/x/", b"k" * 32)
ACCEPTED = "2023-11-14T22:13:20.123Z"
NOW_S = 1_700_000_000


def sent(delivery: OutgoingDelivery, **options: Any) -> tuple[OutgoingDelivery, dict[str, str]]:
    chosen = DestinationOptions(
        url="https://example.com/",
        secrets=(),
        tenant_id=TENANT_ID,
        application_id=APPLICATION_ID,
        **options,
    )
    form = format_of(chosen, LINKS)
    assert form is not None
    formed, headers = form(delivery)
    again, same = form(delivery)
    assert (formed, headers) == (again, same), "all attempts carry the same bytes"
    return formed, {"content-type": formed.content_type or "application/json", **dict(headers)}


def a_delivery(
    payload: bytes = b'{ "a" : 1.50 }', content_type: str | None = None, now_s: int = NOW_S
) -> OutgoingDelivery:
    return OutgoingDelivery(WEBHOOK_ID, "invoice.paid", payload, None, now_s, 1, 15.0, content_type)


def test_plain_payloads_need_no_format() -> None:
    assert format_of(DestinationOptions(url="", secrets=()), LINKS) is None


def test_a_content_type_is_that_of_messages_without_their_own() -> None:
    formed, headers = sent(a_delivery(), content_type="application/vnd.acme+json")
    assert (formed.payload, headers["content-type"]) == (
        b'{ "a" : 1.50 }',
        "application/vnd.acme+json",
    )
    _, headers = sent(a_delivery(b"<a/>", "text/xml"), content_type="application/vnd.acme+json")
    assert headers["content-type"] == "text/xml"


def test_an_envelope_holds_the_payload_byte_for_byte() -> None:
    formed, headers = sent(a_delivery(), payload_format="envelope")
    assert formed.payload == (
        b'{"type":"invoice.paid","id":"%b","timestamp":"%b","data":{ "a" : 1.50 }}'
        % (WEBHOOK_ID.encode(), ACCEPTED.encode())
    )
    assert headers == {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("payload", "content_type", "data"),
    [
        ('<a b="ü"/>', "text/xml", '<a b="ü"/>'),
        ("[1, 2]", "application/json", [1, 2]),
        ("[1, 2", "application/json", "[1, 2"),
        ('{"a": 1}', "application/vnd.acme+json; v=1", {"a": 1}),
    ],
)
def test_an_envelope_holds_other_texts_under_their_content_type(
    payload: str, content_type: str, data: Any
) -> None:
    delivery = a_delivery(payload.encode(), content_type)
    body = json.loads(sent(delivery, payload_format="envelope")[0].payload)
    assert (body["data"], body["contentType"]) == (data, content_type)


def test_a_structured_event_is_read_by_the_official_library() -> None:
    formed, headers = sent(a_delivery(), payload_format="cloudevents-structured")
    event = from_http(headers, formed.payload)
    assert event.data == {"a": 1.5}
    assert {name: event[name] for name in ("id", "type", "source", "time", "specversion")} == {
        "id": WEBHOOK_ID,
        "type": "invoice.paid",
        "source": f"urn:angarium:{format_id('app', APPLICATION_ID)}",
        "time": ACCEPTED,
        "specversion": "1.0",
    }


@pytest.mark.parametrize(
    ("payload", "content_type", "data"),
    [
        ("<a/>", "text/xml", "<a/>"),
        ("[1, 2]", "application/json", [1, 2]),
        ("[1, 2", "application/json", b"[1, 2"),
    ],
)
def test_a_structured_event_holds_other_texts(payload: str, content_type: str, data: Any) -> None:
    delivery = a_delivery(payload.encode(), content_type)
    formed, headers = sent(delivery, payload_format="cloudevents-structured")
    event = from_http(headers, formed.payload, lambda text: text)
    body = json.loads(formed.payload)
    assert event["datacontenttype"] == content_type
    if isinstance(data, bytes):
        assert base64.b64decode(body["data_base64"]) == data
    else:
        assert body["data"] == data


def test_a_binary_event_is_read_by_the_official_library() -> None:
    source = "https://example.com/billing"
    formed, headers = sent(a_delivery(), payload_format="cloudevents-binary", event_source=source)
    assert formed.payload == b'{ "a" : 1.50 }'
    event = from_http(headers, formed.payload)
    assert (event["id"], event["source"], event["type"]) == (WEBHOOK_ID, source, "invoice.paid")
    assert event.data == {"a": 1.5}


def test_a_thin_event_links_to_its_payload() -> None:
    formed, headers = sent(a_delivery(), payload_format="thin")
    body = json.loads(formed.payload)
    base, _, token = body.pop("fetchUrl").rpartition("/")
    assert base == "https://hooks.example.com/x/api/v1/fetch"
    assert read_link(LINKS.key, token) == (TENANT_ID, APPLICATION_ID, MESSAGE_ID, NOW_S + LIFE_S)
    assert body == {
        "type": "invoice.paid",
        "id": WEBHOOK_ID,
        "timestamp": ACCEPTED,
        "fetchUntil": "2023-11-21T22:13:20.000Z",
    }
    assert headers == {"content-type": "application/json"}


def test_a_link_stays_the_same_for_half_its_life_and_never_lasts_less() -> None:
    half_s = LIFE_S // 2
    first, _ = sent(a_delivery(), payload_format="thin")
    last, _ = sent(a_delivery(now_s=NOW_S + half_s - 1), payload_format="thin")
    next_one, _ = sent(a_delivery(now_s=NOW_S + half_s), payload_format="thin")
    assert first.payload == last.payload != next_one.payload
    token = json.loads(next_one.payload)["fetchUrl"].rpartition("/")[2]
    grant = read_link(LINKS.key, token)
    assert grant is not None
    assert grant.ends_s == NOW_S + half_s + LIFE_S


def test_thin_events_need_the_url_of_the_gateway() -> None:
    options = DestinationOptions(url="", secrets=(), payload_format="thin")
    with pytest.raises(OptionsUnusable, match="ANGARIUM_PUBLIC_URL"):
        format_of(options, FetchLinks())
    with pytest.raises(OptionsUnusable):
        format_of(DestinationOptions(url="", secrets=(), payload_format="other"), LINKS)


async def test_what_is_signed_is_what_is_sent(rig: Any) -> None:
    for payload_format in ("envelope", "cloudevents-structured", "cloudevents-binary"):
        endpoint = rig.add_endpoint(payload_format=payload_format)
        await rig.know(endpoint)
        await rig.take(rig.chunk([endpoint]))
        request = rig.sender.sent[-1].request
        headers = dict(request.headers)
        verify(headers, request.body, [SigningSecret(b"s" * 24)], NOW_S)
        event = json.loads(request.body)
        if payload_format != "cloudevents-binary":
            assert event["data"] == {"paid": True}
            assert event["id"] == headers["webhook-id"]
        assert [name for name, _ in request.headers].count("content-type") == 1


@pytest.mark.parametrize(
    ("authentication", "value"),
    [
        (b'{"type":"basic","username":"us","password":"p:w"}', "Basic dXM6cDp3"),
        (b'{"type":"bearer","token":"abc"}', "Bearer abc"),
    ],
)
async def test_an_authentication_takes_the_place_of_a_custom_header(
    rig: Any, authentication: bytes, value: str
) -> None:
    headers = json.dumps({"Authorization": "Bearer old", "X-A": "1"}).encode()
    endpoint = rig.add_endpoint(authentication=authentication, headers=headers)
    await rig.know(endpoint)
    await rig.take(rig.chunk([endpoint]))
    request = rig.sender.sent[-1].request
    given = [(name.lower(), value) for name, value in request.headers]
    assert [value for name, value in given if name == "authorization"] == [value]
    assert ("x-a", "1") in given
    for shown in (rig.cache.get(endpoint, 1), rig.cache.get(endpoint, 1).prepared):
        assert value not in repr(shown)


async def test_ca_certificates_belong_to_the_route(rig: Any) -> None:
    endpoint = rig.add_endpoint(ca_certificates=b"PEM")
    await rig.know(endpoint)
    await rig.take(rig.chunk([endpoint]))
    assert rig.sender.sent[-1].request.ca_certificates == b"PEM"


def test_the_time_of_a_message_is_that_of_its_id() -> None:
    assert created_at_ms(MESSAGE_ID) == ACCEPTED_MS
