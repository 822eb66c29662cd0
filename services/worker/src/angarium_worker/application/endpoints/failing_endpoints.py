"""The endpoints that are failing, and the port to where they are kept."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from angarium_worker.domain.endpoint_health import FailureRun


class HealthRow(NamedTuple):
    """An endpoint that has failed, with this version of its configuration, from `failing_since`
    (its first failure after its last success) to now. Times are microseconds of Unix time."""

    endpoint_id: bytes
    tenant_id: bytes
    application_id: bytes
    version: int
    failing_since_us: int
    last_failure_us: int


class HealthRows(Protocol):
    """The failing endpoints, as all workers share them. Every method raises `StorageDown`."""

    async def load(self, limit: int) -> list[HealthRow]:
        """Those that failed last."""
        ...

    async def save(
        self, failing: Sequence[HealthRow], recovered: Collection[bytes]
    ) -> list[HealthRow]:
        """Forget the recovered endpoints, then write the failing ones; gives these as they now
        stand on record. One that is there in the same version keeps its `failing_since`, one
        that is there in an older version begins anew, one in a newer version stays."""
        ...

    async def failures_since(self, endpoint_id: bytes, since_us: int) -> FailureRun | None:
        """From the attempts themselves: the failures after the last success, as far as they
        are not older than `since_us`. None: there is none."""
        ...
