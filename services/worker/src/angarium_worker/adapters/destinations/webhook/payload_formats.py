"""The forms in which a message is sent, besides its payload as it is.

Each is a function of the delivery alone, so that all attempts of a delivery carry the same bytes
(those of thin events within half the life of their link). What is signed is what is sent.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
from angarium_contracts.ids import APPLICATION, MESSAGE, created_at_ms, format_id, parse_id
from angarium_webhooks.fetch_link import PATH, FetchGrant, end_of_link, write_link
from msgspec import Struct
from msgspec.structs import replace

from angarium_worker.application.destinations.destination import (
    DestinationOptions,
    OptionsUnusable,
    OutgoingDelivery,
)

JSON: Final = "application/json"
CLOUDEVENTS_JSON: Final = "application/cloudevents+json; charset=utf-8"

type Headers = tuple[tuple[str, str], ...]
type FormatPayload = Callable[[OutgoingDelivery], tuple[OutgoingDelivery, Headers]]
"""From a delivery to the one that is sent, and headers of its own."""

_NONE: Final[Headers] = ()


class FetchLinks(Struct, frozen=True):
    """The links to the payloads of thin events: the gateway's public URL, and the key that signs
    them. `url` None: there are none."""

    url: str | None = None
    key: bytes = b""

    def __repr__(self) -> str:
        """Without the key."""
        return f"FetchLinks({self.url})"


NO_LINKS: Final = FetchLinks()


def format_of(options: DestinationOptions, links: FetchLinks) -> FormatPayload | None:
    """The endpoint's format; None for payloads as they are. Raises OptionsUnusable."""
    match options.payload_format:
        case "plain":
            return None if options.content_type is None else _typed(options.content_type)
        case "envelope":
            return _enveloped
        case "thin":
            return _thin(options.tenant_id, options.application_id, links)
        case "cloudevents-structured":
            return _structured(_source_of(options))
        case "cloudevents-binary":
            return _binary(_source_of(options))
        case _:
            raise OptionsUnusable("the payload format is not known")


def _typed(content_type: str) -> FormatPayload:
    """The payload as it is, under the endpoint's content type unless the message has its own."""

    def form(delivery: OutgoingDelivery) -> tuple[OutgoingDelivery, Headers]:
        if delivery.content_type is not None:
            return delivery, _NONE
        return replace(delivery, content_type=content_type), _NONE

    return form


def _enveloped(delivery: OutgoingDelivery) -> tuple[OutgoingDelivery, Headers]:
    """`{"type", "id", "timestamp", "data"}`, as Standard Webhooks recommends ("Payload")."""
    head = {"type": delivery.event_type, "id": delivery.webhook_id, "timestamp": _time_of(delivery)}
    if delivery.content_type is not None:
        head["contentType"] = delivery.content_type
    data = _as_json(delivery) or _text(delivery.payload.decode("utf-8", "replace"))
    return replace(delivery, payload=_joined(head, b"data", data), content_type=JSON), _NONE


def _thin(tenant_id: bytes, application_id: bytes, links: FetchLinks) -> FormatPayload:
    """The envelope with a link to the payload in the place of the payload."""
    if links.url is None:
        raise OptionsUnusable(
            "thin events need a URL to fetch payloads from; the operator must set"
            " ANGARIUM_PUBLIC_URL for the worker"
        )
    base, key = links.url.rstrip("/") + PATH, links.key

    def form(delivery: OutgoingDelivery) -> tuple[OutgoingDelivery, Headers]:
        message_id = _message_id(delivery)
        ends_s = end_of_link(created_at_ms(message_id) // 1_000, delivery.timestamp_s)
        token = write_link(key, FetchGrant(tenant_id, application_id, message_id, ends_s))
        body = {
            "type": delivery.event_type,
            "id": delivery.webhook_id,
            "timestamp": _time_of(delivery),
            "fetchUrl": base + token,
            "fetchUntil": _time_text(ends_s * 1_000),
        }
        return replace(delivery, payload=_text(body), content_type=JSON), _NONE

    return form


def _structured(source: str) -> FormatPayload:
    """One JSON object (CloudEvents 1.0, "JSON Event Format")."""

    def form(delivery: OutgoingDelivery) -> tuple[OutgoingDelivery, Headers]:
        head = {
            "specversion": "1.0",
            "id": delivery.webhook_id,
            "source": source,
            "type": delivery.event_type,
            "time": _time_of(delivery),
            "datacontenttype": delivery.content_type or JSON,
        }
        payload = _joined(head, *_data_member(delivery))
        return replace(delivery, payload=payload, content_type=CLOUDEVENTS_JSON), _NONE

    return form


def _binary(source: str) -> FormatPayload:
    """The payload as it is, attributes in headers (CloudEvents 1.0, "HTTP Protocol Binding")."""

    def form(delivery: OutgoingDelivery) -> tuple[OutgoingDelivery, Headers]:
        return delivery, (
            ("ce-specversion", "1.0"),
            ("ce-id", delivery.webhook_id),
            ("ce-source", source),
            ("ce-type", delivery.event_type),
            ("ce-time", _time_of(delivery)),
        )

    return form


def _source_of(options: DestinationOptions) -> str:
    return options.event_source or f"urn:angarium:{format_id(APPLICATION, options.application_id)}"


def _data_member(delivery: OutgoingDelivery) -> tuple[bytes, bytes]:
    """The name and value of the data of a CloudEvent: JSON byte for byte, any other text as a
    string, and what claims to be JSON and is not in base64 (section 3.1, "Handling of data")."""
    data = _as_json(delivery)
    if data is not None:
        return b"data", data
    if _claims_json(delivery):
        return b"data_base64", _text(base64.b64encode(delivery.payload).decode())
    return b"data", _text(delivery.payload.decode("utf-8", "replace"))


def _as_json(delivery: OutgoingDelivery) -> bytes | None:
    """The payload where it is JSON. The gateway checked payloads without a content type, and no
    others."""
    if delivery.content_type is None:
        return delivery.payload
    if not _claims_json(delivery):
        return None
    try:
        msgspec.json.decode(delivery.payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return delivery.payload


def _claims_json(delivery: OutgoingDelivery) -> bool:
    media_type = (delivery.content_type or JSON).partition(";")[0].strip().lower()
    return media_type == JSON or media_type.endswith("+json")


def _joined(head: dict[str, str], name: bytes, data: bytes) -> bytes:
    """A JSON object with the members of `head`, and one more."""
    return b'%b,"%b":%b}' % (_text(head)[:-1], name, data)


def _message_id(delivery: OutgoingDelivery) -> bytes:
    message_id = parse_id(MESSAGE, delivery.webhook_id)
    if message_id is None:
        raise AssertionError("a webhook's id is that of its message")
    return message_id


def _time_of(delivery: OutgoingDelivery) -> str:
    """When the message was accepted, by its id (RFC 3339, UTC, milliseconds)."""
    return _time_text(created_at_ms(_message_id(delivery)))


def _time_text(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1_000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1_000:03}Z"


def _text(value: object) -> bytes:
    return msgspec.json.encode(value)
