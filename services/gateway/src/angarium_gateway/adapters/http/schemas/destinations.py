"""Destinations of applications on the wire."""

from typing import Annotated, Final, Literal

from angarium_contracts.configuration import Endpoint
from msgspec import Meta

from .endpoint_secrets import EndpointHeadersOut
from .sinks import SinkFieldsIn, SinkFieldsOut, SinkFieldsPatch, fields_of_sink, is_polled

POLLED: Final = "pollingEndpoint"
PUSHED: Final = "fifoEndpoint"

DestinationType = Annotated[
    Literal["pollingEndpoint", "fifoEndpoint"],
    Meta(
        description="`fifoEndpoint`: webhooks in order, one at a time, to `config.url`."
        " `pollingEndpoint`: messages that are polled. It cannot be changed."
    ),
]


class DestinationIn(SinkFieldsIn, frozen=True, kw_only=True):
    """A destination to create, or to replace an existing one with."""

    type: DestinationType


class DestinationPatch(SinkFieldsPatch, frozen=True, kw_only=True):
    """Changes of a destination. `type` must be the type that it has."""

    type: DestinationType


class DestinationOut(SinkFieldsOut, frozen=True, kw_only=True):
    """A destination: an endpoint of the application that gets its messages in order, or that is
    polled."""

    type: DestinationType


def destination_out(endpoint: Endpoint, headers: EndpointHeadersOut) -> DestinationOut:
    """An endpoint as clients see it as a destination."""
    kind: DestinationType = POLLED if is_polled(endpoint) else PUSHED
    return DestinationOut(type=kind, **fields_of_sink(endpoint, headers))
