"""Reads of committed configuration: objects, lists by keyset, the directory by version."""

from collections.abc import Callable, Collection, Iterator, Sequence

from angarium_chassis.database.engine import Database
from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.ids import APPLICATION, operational_application_id, parse_id
from angarium_contracts.polling import POLL_URL
from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    Table,
    Text,
    and_,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_dispatcher.application.configuration.store import EVERY, DirectoryPart, Ref, Without
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.event_type import EventType
from angarium_dispatcher.domain.matching import Recipients
from angarium_dispatcher.domain.paging import PageOf, PageRequest, cut_page
from angarium_dispatcher.domain.schedules import Schedules
from angarium_dispatcher.domain.tenant_policy import TenantPolicy

from . import lookups
from .metadata_index import with_member
from .recipient_reads import read_recipients, read_schedules
from .rows import application_of, endpoint_of, event_type_of
from .tables import applications, directory_version, endpoints, event_types, tenant_policy

APPLICATIONS_PER_QUERY_MAX = 200
SVIX_PLAY = "https://play.svix.com/"


class DatabaseReads:
    """Committed reads, one statement each, so that no transaction is held open."""

    def __init__(self, database: Database) -> None:
        if database.on_postgres:
            self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        else:
            self._engine = database.engine.execution_options(read_only=True)

    async def find_application(
        self, tenant_id: bytes, ref: Ref, kind: str = ApplicationKind.APPLICATION
    ) -> Application | None:
        async with self._engine.connect() as connection:
            return await lookups.find_application(connection, tenant_id, ref, kind)

    async def list_applications(
        self,
        tenant_id: bytes,
        request: PageRequest,
        without: Without = EVERY,
        kind: str = ApplicationKind.APPLICATION,
        search: str | None = None,
        metadata: tuple[str, str] | None = None,
    ) -> PageOf[Application]:
        table = applications.c
        statement = select(applications).where(
            table.tenant_id == tenant_id,
            table.kind == kind,
            table.deleted == false(),
            table.id != operational_application_id(tenant_id),
            *_left_in(without),
            *_found_by(search),
        )
        if metadata is not None:
            statement = with_member(statement, table.id, tenant_id, metadata)
        position = None if request.position is None else request.position.key
        rows = await self._page(statement, table.id, request, position, application_of)
        return cut_page(request, rows, lambda application: application.id)

    async def applications_after(
        self, tenant_id: bytes, after: tuple[str, bytes] | None, limit: int
    ) -> Sequence[Application]:
        table = applications.c
        statement = select(applications).where(
            table.tenant_id == tenant_id, table.deleted == false()
        )
        if after is not None:
            statement = statement.where(tuple_(table.kind, table.id) > tuple_(*after))
        statement = statement.order_by(table.kind, table.id).limit(limit)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return [application_of(row) for row in rows]

    async def find_endpoint(self, application_id: bytes, ref: Ref) -> Endpoint | None:
        async with self._engine.connect() as connection:
            return await lookups.find_endpoint(connection, application_id, ref)

    async def list_endpoints(
        self,
        application_id: bytes,
        request: PageRequest,
        *,
        only_sinks: bool = False,
        metadata: tuple[str, str] | None = None,
    ) -> PageOf[Endpoint]:
        table = endpoints.c
        statement = select(endpoints).where(
            table.application_id == application_id, table.deleted == false()
        )
        if only_sinks:
            statement = statement.where(or_(table.fifo == true(), table.url == POLL_URL))
        if metadata is not None:
            statement = with_member(statement, table.id, application_id, metadata)
        position = None if request.position is None else request.position.key
        rows = await self._page(statement, table.id, request, position, endpoint_of)
        return cut_page(request, rows, lambda endpoint: endpoint.id)

    async def find_event_type(self, tenant_id: bytes, name: str) -> EventType | None:
        async with self._engine.connect() as connection:
            return await lookups.find_event_type(connection, tenant_id, name)

    async def list_event_types(
        self,
        tenant_id: bytes,
        request: PageRequest,
        *,
        include_archived: bool,
        feature_flags: Collection[str] | None = None,
    ) -> PageOf[EventType]:
        table = event_types.c
        statement = select(event_types).where(table.tenant_id == tenant_id)
        if not include_archived:
            statement = statement.where(table.archived == false())
        if feature_flags is not None:
            statement = statement.where(_visible_with(feature_flags))
        position = None if request.position is None else request.position.key.decode("ascii")
        rows = await self._page(statement, table.name, request, position, event_type_of)
        return cut_page(request, rows, lambda event_type: event_type.name.encode("ascii"))

    async def _page[T](
        self,
        statement: Select[tuple[object, ...]],
        key: ColumnElement[bytes] | ColumnElement[str],
        request: PageRequest,
        position: bytes | str | None,
        entity_of: Callable[[RowMapping], T],
    ) -> list[T]:
        if position is not None:
            beyond = key < position if request.reads_descending else key > position
            statement = statement.where(beyond)
        order = key.desc() if request.reads_descending else key.asc()
        statement = statement.order_by(order).limit(request.limit + 1)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return [entity_of(row) for row in rows]

    async def directory_version(self) -> int:
        async with self._engine.connect() as connection:
            return await _directory_version(connection)

    async def policy_version(self) -> int:
        latest = select(func.coalesce(func.max(tenant_policy.c.version), 0))
        async with self._engine.connect() as connection:
            return int((await connection.execute(latest)).scalar_one())

    async def directory_since(
        self, version: int, limit: int, *, with_applications: bool, with_endpoints: bool
    ) -> DirectoryPart:
        # The version is read before the objects. In the other order, a change committed between
        # the two reads would be covered by the version but missing from the page, and the
        # reader would never ask for it. This way it is at most sent twice.
        async with self._engine.connect() as connection:
            latest = await _directory_version(connection)
            changed_applications: Sequence[Application] = ()
            changed_endpoints: Sequence[Endpoint] = ()
            complete_to = latest
            if with_applications:
                rows = await _changed_since(connection, applications, version, limit)
                changed_applications = [application_of(row) for row in rows[:limit]]
                if len(rows) > limit:
                    complete_to = min(complete_to, changed_applications[-1].version)
            if with_endpoints:
                rows = await _changed_since(connection, endpoints, version, limit)
                changed_endpoints = [endpoint_of(row) for row in rows[:limit]]
                if len(rows) > limit:
                    complete_to = min(complete_to, changed_endpoints[-1].version)
        return DirectoryPart(
            version=complete_to,
            done=complete_to == latest,
            applications=tuple(changed_applications),
            endpoints=tuple(changed_endpoints),
        )

    async def endpoints_by_id(self, endpoint_ids: Sequence[bytes]) -> tuple[Endpoint, ...]:
        statement = select(endpoints).where(endpoints.c.id.in_(endpoint_ids))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return tuple(endpoint_of(row) for row in rows)

    async def recipients(self, application_ids: Sequence[bytes]) -> dict[bytes, Recipients]:
        """The enabled endpoints of applications, by application; unknown ones are left out.

        One statement reads up to 200 applications with their endpoints. With two, a change in
        between would give an old list the new version, and the cache would never refresh it.
        """
        found: dict[bytes, Recipients] = {}
        async with self._engine.connect() as connection:
            for start in range(0, len(application_ids), APPLICATIONS_PER_QUERY_MAX):
                some = application_ids[start : start + APPLICATIONS_PER_QUERY_MAX]
                found.update(await read_recipients(connection, some))
        return found

    async def schedules(self, tenant_ids: Collection[bytes]) -> dict[bytes, Schedules]:
        """Retry schedules of tenants; tenants without any are left out."""
        async with self._engine.connect() as connection:
            return await read_schedules(connection, tenant_ids)

    async def tenant_policy(self, tenant_id: bytes) -> TenantPolicy:
        async with self._engine.connect() as connection:
            return await lookups.find_tenant_policy(connection, tenant_id)


def _found_by(search: str | None) -> list[ColumnElement[bool]]:
    """The condition of a search: part of the name, the beginning of the uid, or the id."""
    if search is None:
        return []
    table = applications.c
    found = [
        func.lower(table.name).contains(search.lower(), autoescape=True),
        # SQLite changes the case of ASCII letters only.
        table.name.contains(search, autoescape=True),
        # Not LIKE, for which SQLite takes `a` and `A` as the same.
        func.substr(table.uid, 1, len(search)) == search,
    ]
    named = parse_id(APPLICATION, search)
    if named is not None:
        found.append(table.id == named)
    return [or_(*found)]


def _left_in(without: Without) -> Iterator[ColumnElement[bool]]:
    """Conditions on applications, each an index range scan of their endpoints."""
    theirs = select(endpoints.c.id).where(
        endpoints.c.application_id == applications.c.id, endpoints.c.deleted == false()
    )
    enabled = endpoints.c.disabled == false()
    elsewhere = ~endpoints.c.url.startswith(SVIX_PLAY, autoescape=True)
    if without.no_endpoints:
        yield theirs.exists()
    if without.disabled:
        yield or_(~theirs.exists(), theirs.where(enabled).exists())
    if without.svix_play:
        yield or_(~theirs.exists(), theirs.where(elsewhere).exists())


async def _directory_version(connection: AsyncConnection) -> int:
    return int((await connection.execute(select(directory_version.c.version))).scalar_one())


async def _changed_since(
    connection: AsyncConnection, table: Table, version: int, limit: int
) -> Sequence[RowMapping]:
    statement = (
        select(table).where(table.c.version > version).order_by(table.c.version).limit(limit + 1)
    )
    return (await connection.execute(statement)).mappings().all()


def _visible_with(feature_flags: Collection[str]) -> ColumnElement[bool]:
    """The event types that have no feature flags, or one of these.

    The column is a JSON array of names that need no escape in JSON. An earlier version writes the
    first flag only.
    """
    first, stored = event_types.c.feature_flag, type_coerce(event_types.c.feature_flags, Text)
    shared = [stored.contains(f'"{flag}"', autoescape=True) for flag in feature_flags]
    has_none = and_(first.is_(None), or_(stored.is_(None), stored == "[]"))
    return or_(has_none, first.in_(feature_flags), *shared)
