"""Examples of answers about destinations."""

from typing import Final

from angarium_gateway.adapters.http.schemas.destinations import DestinationOut
from angarium_gateway.adapters.http.schemas.endpoint_secrets import EndpointHeadersOut
from angarium_gateway.adapters.http.schemas.fields import ApiSchema
from angarium_gateway.adapters.http.schemas.sinks import SinkConfigOut

from .example_values import ENDPOINT, MADE_AT, URL

_CONFIG: Final = SinkConfigOut(
    url=URL, headers=EndpointHeadersOut(headers={"X-Team": "ledger"}, sensitive=[])
)
SINK_EXAMPLES: Final[tuple[ApiSchema, ...]] = (
    DestinationOut(
        id=ENDPOINT,
        uid="ledger-in-order",
        status="enabled",
        failure_reason=None,
        created_at=MADE_AT,
        updated_at=MADE_AT,
        event_types=("invoice.paid",),
        channels=None,
        metadata={},
        type="fifoEndpoint",
        config=_CONFIG,
    ),
)
