"""Endpoints that are Redis or Valkey streams: each delivery is one XADD."""

from angarium_worker.adapters.destinations.redis_stream.stream_destination import (
    STREAM_SCHEMES,
    StreamDestination,
    StreamLimits,
)

__all__ = ["STREAM_SCHEMES", "StreamDestination", "StreamLimits"]
