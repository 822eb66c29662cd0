"""Ports of the configuration's storage, and the values that pass through them."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.operational import OperationalEvent

from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.event_type import EventType
from angarium_dispatcher.domain.paging import PageOf, PageRequest
from angarium_dispatcher.domain.tenant_policy import TenantPolicy

type Ref = bytes | str
"""Reference to an object: its id as bytes, or its uid as text."""


@dataclass(frozen=True, slots=True)
class DirectoryChange:
    """Objects that one transaction changed, tombstones included.

    Every version from `previous_version` (exclusive) to `version` (inclusive) is the version of
    one of them, so that a reader can tell a complete change from one with a gap.
    """

    previous_version: int
    version: int
    applications: tuple[Application, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectoryPart:
    """Objects changed after some version, complete up to `version`. `done`: that is the latest."""

    version: int
    done: bool
    applications: tuple[Application, ...]
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Applications that a list leaves out: those that have no endpoint, only disabled ones, or
    only ones of Svix Play."""

    no_endpoints: bool = False
    disabled: bool = False
    svix_play: bool = False


EVERY: Final = Without()


@dataclass(frozen=True, slots=True)
class PostCommitEffects:
    """Effects that follow the commit of a transaction, besides its announcement.

    `events_recorded`: operational events wait in the outbox. `rescheduled_tenants`: tenants
    whose policy, retry schedules or schemas changed, the last of them with `policy_version`.
    """

    events_recorded: bool = False
    rescheduled_tenants: frozenset[bytes] = frozenset()
    policy_version: int = 0


type CountedKind = Literal["application", "endpoint"]


class Change(Protocol):
    """One transaction on the configuration; no other runs at the same time, in any process.

    Finders never return tombstones. Methods that save return the object with its new version.
    """

    async def find_application(
        self, tenant_id: bytes, ref: Ref, kind: str = ApplicationKind.APPLICATION
    ) -> Application | None:
        """The application with this id, whatever its kind, or of this kind with this uid."""

    async def add_application(self, application: Application) -> Application: ...

    async def replace_application(self, application: Application) -> Application: ...

    async def limit_endpoints(self, application: Application) -> None:
        """Give the application's rate to its endpoints that have none of their own. Each takes a
        version of its own."""

    async def delete_application(self, application: Application, now: datetime) -> Application:
        """Delete the application and its endpoints. Returns its tombstone."""

    async def find_endpoint(self, application_id: bytes, ref: Ref) -> Endpoint | None: ...

    async def count_endpoints(self, application_id: bytes) -> int: ...

    async def count_of_tenant(self, tenant_id: bytes, kind: CountedKind, at_most: int) -> int:
        """How many live applications (of all kinds) or endpoints a tenant has, those of operational
        webhooks left out. Counts up to `at_most`."""

    async def add_endpoint(
        self, application: Application, endpoint: Endpoint
    ) -> tuple[Application, Endpoint]:
        """Add it. Endpoint and application take the same next version, here and below."""

    async def replace_endpoint(
        self, application: Application, endpoint: Endpoint
    ) -> tuple[Application, Endpoint]: ...

    async def delete_endpoint(
        self, application: Application, endpoint: Endpoint, now: datetime
    ) -> Application: ...

    async def endpoint_names(self, application_id: bytes) -> Sequence[tuple[bytes, str | None]]:
        """Id and uid of each endpoint of the application, tombstones left out."""

    async def find_event_type(self, tenant_id: bytes, name: str) -> EventType | None:
        """The event type of this name, archived or not."""

    async def count_schedules(self, tenant_id: bytes) -> int:
        """Number of event types with a retry schedule of their own, archived ones left out."""

    async def add_event_type(self, event_type: EventType) -> None: ...

    async def replace_event_type(self, event_type: EventType) -> None: ...

    async def remove_event_type(self, tenant_id: bytes, name: str) -> None: ...

    async def existing_event_types(self, tenant_id: bytes, names: Collection[str]) -> set[str]:
        """Those of the names that the tenant's event types have, archived ones left out."""

    async def tenant_policy(self, tenant_id: bytes) -> TenantPolicy: ...

    async def set_tenant_policy(self, tenant_id: bytes, policy: TenantPolicy) -> None: ...

    async def reschedule(self, tenant_id: bytes) -> None:
        """Have every dispatcher read the schedules of the tenant's event types again, and every
        gateway their schemas."""

    async def record_event(self, event: OperationalEvent) -> None:
        """Store the event until the gateway has accepted it."""

    def post_commit_effects(self) -> PostCommitEffects:
        """Effects that must follow the commit, as of now."""

    def directory_change(self) -> DirectoryChange | None:
        """Changes to the directory so far; None when there are none."""


class ConfigurationStore(Protocol):
    """Begins transactions: committed when the context ends, rolled back when it raises."""

    def change(self) -> AbstractAsyncContextManager[Change]: ...


class ConfigurationReads(Protocol):
    """Reads of committed configuration. Only the directory's methods return tombstones."""

    async def find_application(
        self, tenant_id: bytes, ref: Ref, kind: str = ApplicationKind.APPLICATION
    ) -> Application | None:
        """The application with this id, whatever its kind, or of this kind with this uid."""

    async def list_applications(
        self,
        tenant_id: bytes,
        request: PageRequest,
        without: Without = EVERY,
        kind: str = ApplicationKind.APPLICATION,
        search: str | None = None,
        metadata: tuple[str, str] | None = None,
    ) -> PageOf[Application]:
        """`metadata`: the key and the value of a member that they have."""
        ...

    async def applications_after(
        self, tenant_id: bytes, after: tuple[str, bytes] | None, limit: int
    ) -> Sequence[Application]:
        """The tenant's first applications, of every kind, after a kind and an id, in their
        order."""
        ...

    async def find_endpoint(self, application_id: bytes, ref: Ref) -> Endpoint | None: ...

    async def list_endpoints(
        self,
        application_id: bytes,
        request: PageRequest,
        *,
        only_sinks: bool = False,
        metadata: tuple[str, str] | None = None,
    ) -> PageOf[Endpoint]:
        """With `only_sinks`, the ordered and the polled ones. `metadata` as for applications."""
        ...

    async def find_event_type(self, tenant_id: bytes, name: str) -> EventType | None: ...

    async def list_event_types(
        self,
        tenant_id: bytes,
        request: PageRequest,
        *,
        include_archived: bool,
        feature_flags: Collection[str] | None = None,
    ) -> PageOf[EventType]:
        """With `feature_flags`, of the event types that have some, those that share one."""
        ...

    async def tenant_policy(self, tenant_id: bytes) -> TenantPolicy: ...

    async def directory_version(self) -> int: ...

    async def policy_version(self) -> int:
        """The version of the last change of a tenant's policy, schedules or schemas."""
        ...

    async def directory_since(
        self, version: int, limit: int, *, with_applications: bool, with_endpoints: bool
    ) -> DirectoryPart: ...

    async def endpoints_by_id(self, endpoint_ids: Sequence[bytes]) -> tuple[Endpoint, ...]:
        """Endpoints with these ids, tombstones included. Unknown ids are left out."""
