"""Payloads that clients send as text in `transformationsParams`: raw payloads of the Svix API."""

import re
from dataclasses import dataclass
from typing import Final

import msgspec
from angarium_webhooks.header_rules import HeaderRefused, check_header_value

from .problems import Fault, Refused, invalid
from .schemas.messages import TransformationsParams
from .strict_json import nests_too_deep

CONTENT_TYPE_CHARS_MAX: Final = 256
CONTENT_TYPE: Final = "content-type"
RAW_PAYLOAD: Final = ("body", "transformationsParams", "rawPayload")

_JSON: Final = "application/json"
_HEADERS: Final = ("body", "transformationsParams", "headers")
_MEDIA_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+ *(?:;.*)?")
"""RFC 9110, section 8.3.1; what follows the subtype is passed on as it is."""
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class RawPayload:
    """The bytes to deliver. `content_type` is None if they are the text of a JSON object that goes
    out as application/json, like any `payload`."""

    content: bytes
    content_type: str | None


def raw_payload(params: TransformationsParams, payload: msgspec.Raw) -> RawPayload | None:
    """The text of `rawPayload`, byte for byte; None if it is not given.

    Raises `Refused` for headers other than a Content-Type, and if `payload` has content too.
    """
    content_type = _content_type(params)
    text = params.raw_payload
    if text is None:
        if content_type not in {None, _JSON}:
            raise _refused(
                (*_HEADERS, CONTENT_TYPE),
                "The content type applies to `rawPayload`, which is not given. Put the content"
                " there, or leave the header out.",
            )
        return None
    if msgspec.json.decode(payload) != {}:
        raise _refused(
            RAW_PAYLOAD, "The content is in `payload` too. Make `payload` the empty object."
        )
    content = text.encode()
    if content_type in {None, _JSON} and is_json_object(content):
        return RawPayload(content, None)
    return RawPayload(content, content_type or _JSON)


def is_json_object(content: bytes) -> bool:
    """True if the API can answer with this text in the place of a `payload`."""
    if nests_too_deep(content):
        return False
    try:
        _object.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _content_type(params: TransformationsParams) -> str | None:
    """The Content-Type in `headers`; application/json in its shortest form."""
    found: str | None = None
    for name, value in (params.headers or {}).items():
        place = (*_HEADERS, name)
        if name.lower() != CONTENT_TYPE:
            raise _refused(
                place,
                "This header cannot be set for one message. Leave it out, or set it for the"
                " endpoint with PUT /api/v1/app/{app_id}/endpoint/{endpoint_id}/headers.",
            )
        if found is not None:
            raise _refused(place, f"Give `{CONTENT_TYPE}` once; letter case makes no difference.")
        found = media_type(place, value)
    return found


def media_type(place: tuple[str, ...], value: str) -> str:
    """A Content-Type that a payload may have; application/json in its shortest form. Raises
    `Refused`, at this place of the request."""
    value = value.strip(" ")
    if value.lower() == _JSON:
        return _JSON
    if len(value) > CONTENT_TYPE_CHARS_MAX:
        raise _refused(
            place,
            f"A content type may have at most {CONTENT_TYPE_CHARS_MAX} characters, and this one has"
            f" {len(value)}. Shorten it.",
        )
    try:
        check_header_value(place[-1], value)
    except HeaderRefused as refused:
        raise _refused(place, str(refused)) from None
    if _MEDIA_TYPE.fullmatch(value) is None:
        raise _refused(place, "This is not a content type. Send one such as `application/xml`.")
    return value


def _refused(place: tuple[str, ...], message: str) -> Refused:
    return Refused(invalid(Fault(place, message)))
