"""Payloads that clients send as text in `transformationsParams`: raw payloads of the Svix API."""

from typing import Final

import msgspec

from .problems import Fault, Refused, invalid
from .schemas.messages import TransformationsParams
from .strict_json import DEPTH_MAX, nests_too_deep

_CONTENT_TYPE: Final = "content-type"
_JSON: Final = "application/json"
_PLACE: Final = ("body", "transformationsParams")
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def raw_payload(params: TransformationsParams, payload: msgspec.Raw) -> msgspec.Raw | None:
    """The text of `rawPayload`, byte for byte; None if it is not given.

    Raises `Refused` for text that is not a JSON object, for content of other types, and if
    `payload` has content too.
    """
    _check_headers(params)
    text = params.raw_payload
    if text is None:
        return None
    if msgspec.json.decode(payload) != {}:
        raise _refused("The content is in `payload` too. Make `payload` the empty object.")
    try:
        content = text.encode()
        _object.decode(content)
    except (msgspec.DecodeError, RecursionError):
        raise _refused(
            "The raw payload must be the text of a JSON object; other raw payloads are not"
            " supported. Wrap the content in an object."
        ) from None
    if nests_too_deep(content):
        raise _refused(
            f"Objects and arrays may nest at most {DEPTH_MAX} levels deep. Flatten them."
        )
    return msgspec.Raw(content)


def _check_headers(params: TransformationsParams) -> None:
    for name, value in (params.headers or {}).items():
        place = (*_PLACE, "headers", name)
        if name.lower() != _CONTENT_TYPE:
            message = (
                "This header cannot be set for one message. Leave it out, or set it for the"
                " endpoint with PUT /api/v1/app/{app_id}/endpoint/{endpoint_id}/headers."
            )
            raise Refused(invalid(Fault(place, message)))
        if value.strip().lower() != _JSON:
            message = (
                f"Messages are delivered as {_JSON} only. Leave the header out, and send the"
                " content as a JSON object."
            )
            raise Refused(invalid(Fault(place, message)))


def _refused(message: str) -> Refused:
    return Refused(invalid(Fault((*_PLACE, "rawPayload"), message)))
