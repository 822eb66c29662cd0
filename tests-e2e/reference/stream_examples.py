"""Examples of what travels in the streams: two deliveries of a message, and queries."""

from typing import Any

import msgspec
from angarium_contracts.contract import Contract
from angarium_contracts.directory import ApplicationState, DirectoryChanged
from angarium_contracts.hot_path import (
    AcceptedMessage,
    DeliveriesRequested,
    DeliveriesSettled,
    MessagesAccepted,
    RequestedDelivery,
    RequestedMessage,
    SettledChunk,
)
from angarium_contracts.stream_names import deliveries_settled, replies

from .stream_contracts import Stream, answers, sample, tag

_BATCH, _MESSAGE, _TENANT, _APPLICATION, _ENDPOINT = (
    bytes.fromhex(f"019ad0c5a4{last:02x}7000800000000000{last:04x}") for last in range(1, 6)
)
_PAYLOAD = b'{"invoice":"in_1","cents":4200}'
_SETTLE_TO = deliveries_settled("gateway-7f9c")

_EXAMPLES: tuple[Contract, ...] = (
    MessagesAccepted(
        _BATCH,
        1,
        _SETTLE_TO,
        (AcceptedMessage(_MESSAGE, _TENANT, _APPLICATION, 12, "invoice.paid", _PAYLOAD),),
    ),
    DeliveriesRequested(
        _BATCH,
        1,
        _SETTLE_TO,
        0,
        1,
        redelivered=False,
        messages=(
            RequestedMessage(
                _MESSAGE,
                _TENANT,
                _APPLICATION,
                "invoice.paid",
                _PAYLOAD,
                (RequestedDelivery(_ENDPOINT, 17),),
            ),
        ),
    ),
    DeliveriesSettled((SettledChunk(_BATCH, 1, 0, 1),)),
    DirectoryChanged(17, 18, (ApplicationState(_APPLICATION, _TENANT, 18, "acme"),)),
)


def examples(stream: Stream) -> dict[str, Any]:
    """Entries of the stream, as JSON with bytes in Base64, by the name of what they carry."""
    for each in _EXAMPLES:
        if type(each) is stream.contract:
            return {tag(stream.contract): msgspec.json.decode(msgspec.json.encode(each))}
    envelope: dict[str, Any] = {"type": tag(stream.contract), "correlation_id": 7}
    if stream.questions:
        envelope |= {"reply_to": replies("gateway-7f9c"), "expires_at_ms": 0, "lives_ms": 5000}
    bodies = stream.questions or answers()
    return {tag(body): envelope | {"body": sample(body)} for body in bodies}
