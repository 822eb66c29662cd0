"""The worker's endpoints: configuration, guards and health, as its other parts share them."""

from dataclasses import dataclass

from .closed_endpoints import ClosedEndpoints
from .endpoint_cache import EndpointCache
from .endpoint_guards import EndpointGuards
from .endpoint_health import EndpointHealth
from .gone_endpoints import GoneEndpoints
from .retry_after_cache import RetryAfterCache
from .shared_health import SharedHealth


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Everything that one worker process keeps about endpoints."""

    cache: EndpointCache
    guards: EndpointGuards
    health: EndpointHealth
    shared_health: SharedHealth
    gone: GoneEndpoints
    closed: ClosedEndpoints
    retry_after: RetryAfterCache
