"""Examples of answers about destinations, streams and their sinks."""

from typing import Final

from angarium_gateway.adapters.http.schemas.destinations import DestinationOut
from angarium_gateway.adapters.http.schemas.endpoint_secrets import EndpointHeadersOut
from angarium_gateway.adapters.http.schemas.fields import ApiSchema
from angarium_gateway.adapters.http.schemas.sinks import SinkConfigOut
from angarium_gateway.adapters.http.schemas.streams import (
    CreateStreamEventsOut,
    EventOut,
    EventStreamOut,
    StreamEventTypeOut,
    StreamOut,
    StreamSinkOut,
)

from .example_values import ENDPOINT, ID, MADE_AT, NOON, URL

_CONFIG: Final = SinkConfigOut(
    url=URL, headers=EndpointHeadersOut(headers={"X-Team": "ledger"}, sensitive=[])
)
SINK_EXAMPLES: Final[tuple[ApiSchema, ...]] = (
    DestinationOut(
        id=ENDPOINT,
        uid="ledger-in-order",
        status="enabled",
        current_iterator="",
        failure_reason=None,
        created_at=MADE_AT,
        updated_at=MADE_AT,
        batch_size=1,
        max_wait_secs=0,
        event_types=("invoice.paid",),
        channels=None,
        metadata={},
        type="fifoEndpoint",
        config=_CONFIG,
    ),
    StreamSinkOut(
        id=ENDPOINT,
        uid="warehouse",
        status="enabled",
        current_iterator="",
        failure_reason=None,
        created_at=MADE_AT,
        updated_at=MADE_AT,
        batch_size=1,
        max_wait_secs=0,
        event_types=None,
        channels=None,
        metadata={},
        type="http",
        config=_CONFIG,
    ),
    StreamOut(
        id=f"strm_{ID}",
        uid="orders",
        name="Orders",
        created_at=MADE_AT,
        updated_at=MADE_AT,
        metadata={},
    ),
    CreateStreamEventsOut(),
    EventStreamOut(
        data=[EventOut(event_type="order.placed", payload='{"order": 1}', timestamp=NOON)],
        iterator="eyJvZmZzZXQiOjF9",
        done=True,
    ),
    StreamEventTypeOut(
        name="order.placed",
        description="An order was placed",
        created_at=MADE_AT,
        updated_at=MADE_AT,
        deprecated=False,
        archived=False,
        feature_flags=None,
    ),
)
