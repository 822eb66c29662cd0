"""Trying a filter of an endpoint against an example, answered by the dispatcher."""

from msgspec import field

from .contract import Contract, Part


class FilterExample(Part, frozen=True):
    """A message to try a filter with. `payload` is the text of a JSON object, unless there is a
    `content_type`."""

    event_type: str
    payload: bytes
    channels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    content_type: str | None = None


class TryFilter(Contract, frozen=True, tag="filter.try/1"):
    """Query: does a filter match the example? `metadata` is that of an application."""

    filter: str
    example: FilterExample
    metadata: dict[str, str] = field(default_factory=dict)


class TryEndpointFilter(Contract, frozen=True, tag="filter.try_endpoint/1"):
    """Query: does an endpoint, enabled or not, accept the example, by its event types, channels and
    filter? `filter` stands for the one that is saved."""

    tenant_id: bytes
    application_ref: str
    ref: str
    example: FilterExample
    filter: str | None = None


class FilterTried(Contract, frozen=True, tag="filter.tried/1"):
    """`error`: why the filter has no result, so that it does not match."""

    matched: bool
    error: str | None = None
