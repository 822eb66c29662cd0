"""What the use cases need of the place where the configuration is kept."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from angarium_contracts.operational import OperationalEvent

from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.event_type import EventType
from angarium_dispatcher.domain.paging import PageOf, PageRequest
from angarium_dispatcher.domain.schedules import DelaysS

type Ref = bytes | str
"""How a caller names an object: by its id, or by its uid."""


@dataclass(frozen=True, slots=True)
class DirectoryChange:
    """What one transaction changed: every version from `previous_version` (exclusive) to
    `version` (inclusive) stands on one of the objects, tombstones included."""

    previous_version: int
    version: int
    applications: tuple[Application, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectoryPart:
    """Objects changed after some version; complete up to `version`, and `done` when that is
    the latest."""

    version: int
    done: bool
    applications: tuple[Application, ...]
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """`told`: events wait for the gateway. `rescheduled`: tenants whose schedules changed."""

    told: bool = False
    rescheduled: frozenset[bytes] = frozenset()


class Change(Protocol):
    """One transaction on the configuration. No other runs meanwhile, in any process.

    Found objects are never tombstones. What is saved comes back with its new version.
    """

    async def find_application(self, tenant_id: bytes, ref: Ref) -> Application | None: ...

    async def add_application(self, application: Application) -> Application: ...

    async def replace_application(self, application: Application) -> Application: ...

    async def delete_application(self, application: Application, now: datetime) -> Application:
        """Delete it and its endpoints; gives the tombstone."""

    async def find_endpoint(self, application_id: bytes, ref: Ref) -> Endpoint | None: ...

    async def count_endpoints(self, application_id: bytes) -> int: ...

    async def add_endpoint(
        self, application: Application, endpoint: Endpoint
    ) -> tuple[Application, Endpoint]:
        """Endpoint and application take the same, next version; so below."""

    async def replace_endpoint(
        self, application: Application, endpoint: Endpoint
    ) -> tuple[Application, Endpoint]: ...

    async def delete_endpoint(
        self, application: Application, endpoint: Endpoint, now: datetime
    ) -> Application: ...

    async def endpoint_names(self, application_id: bytes) -> Sequence[tuple[bytes, str | None]]:
        """Id and uid of each, not of tombstones."""

    async def find_event_type(self, tenant_id: bytes, name: str) -> EventType | None:
        """Archived ones too."""

    async def count_schedules(self, tenant_id: bytes) -> int:
        """Event types, not archived, that have a retry schedule of their own."""

    async def add_event_type(self, event_type: EventType) -> None: ...

    async def replace_event_type(self, event_type: EventType) -> None: ...

    async def remove_event_type(self, tenant_id: bytes, name: str) -> None: ...

    async def set_tenant_delays(self, tenant_id: bytes, delays_s: DelaysS | None) -> None:
        """The retry schedule of the tenant's messages."""

    async def reschedule(self, tenant_id: bytes) -> None:
        """A schedule of the tenant's event types changed: let every dispatcher read it."""

    async def tell(self, event: OperationalEvent) -> None:
        """Keep it until the gateway has taken it."""

    def aftermath(self) -> Aftermath:
        """What has to follow the commit, as of now."""

    def made(self) -> DirectoryChange | None:
        """What the transaction changed in the directory so far."""


class ConfigurationStore(Protocol):
    """Begins transactions: committed at the end of the context, undone when it raises."""

    def change(self) -> AbstractAsyncContextManager[Change]: ...


class ConfigurationReads(Protocol):
    """Reads of what is committed. Found objects are never tombstones, but in the directory."""

    async def find_application(self, tenant_id: bytes, ref: Ref) -> Application | None: ...

    async def list_applications(
        self, tenant_id: bytes, request: PageRequest
    ) -> PageOf[Application]: ...

    async def find_endpoint(self, application_id: bytes, ref: Ref) -> Endpoint | None: ...

    async def list_endpoints(
        self, application_id: bytes, request: PageRequest
    ) -> PageOf[Endpoint]: ...

    async def find_event_type(self, tenant_id: bytes, name: str) -> EventType | None: ...

    async def list_event_types(
        self, tenant_id: bytes, request: PageRequest, *, include_archived: bool
    ) -> PageOf[EventType]: ...

    async def tenant_delays(self, tenant_id: bytes) -> DelaysS | None:
        """The retry schedule that the tenant set for all its messages."""

    async def directory_version(self) -> int: ...

    async def directory_since(
        self, version: int, limit: int, *, with_applications: bool, with_endpoints: bool
    ) -> DirectoryPart: ...

    async def endpoints_by_id(self, endpoint_ids: Sequence[bytes]) -> tuple[Endpoint, ...]:
        """Tombstones included; unknown ids left out."""
