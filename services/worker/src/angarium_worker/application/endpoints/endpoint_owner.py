"""The port to the dispatcher, which owns the endpoints."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from angarium_contracts.directory import EndpointState
from msgspec import Struct


class GoneEndpoint(Struct, frozen=True):
    """An endpoint to disable, and the version of its configuration that was sent with."""

    tenant_id: bytes
    application_id: bytes
    endpoint_id: bytes
    version: int


class EndpointOwner(Protocol):
    """The owner of the endpoints. No method raises: an owner that cannot be reached is a value."""

    async def current(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState] | None:
        """The endpoints' current states, without those that never existed; None: no answer."""
        ...

    async def disable(
        self, gone: GoneEndpoint, reason: str, failing_since: datetime | None = None
    ) -> bool:
        """Disable the endpoint unless it was changed since; False: no answer. `failing_since` is
        given when it is disabled for having failed for too long."""
        ...
