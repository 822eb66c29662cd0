"""Transactions that change the configuration, one at a time, each taking the next versions."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from angarium_chassis.database.engine import Database
from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.ids import operational_application_id
from sqlalchemy import ColumnElement, and_, false, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_dispatcher.application.configuration.store import CountedKind, DirectoryChange, Ref
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint

from . import lookups
from .metadata_index import add_members, remove_members_in, replace_members
from .rows import (
    application_values,
    emptied_endpoint_values,
    endpoint_of,
    endpoint_values,
)
from .tables import applications, directory_version, endpoints
from .tenant_changes import TenantChange


class DatabaseConfiguration:
    """The configuration in a database of either engine. Implements `ConfigurationStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def change(self) -> AsyncIterator["DatabaseChange"]:
        """Begin a transaction that holds the version counter's row (SQLite: the write lock).

        The lock is taken before anything is read or written. Versions then follow the order of
        commits without gaps: otherwise a reader of the directory could see version 8 before 7
        is committed, and would never ask for 7. A uid found to be free stays free until the
        commit, and two transactions cannot wait for each other's rows.
        """
        async with self._database.engine.begin() as connection:
            counter = select(directory_version.c.version).with_for_update()
            change = DatabaseChange(connection, (await connection.execute(counter)).scalar_one())
            yield change
            await change.write_events()
            made = change.directory_change()
            if made is not None:
                await connection.execute(update(directory_version).values(version=made.version))


class DatabaseChange(TenantChange):
    """One open transaction. Implements `Change`."""

    def __init__(self, connection: AsyncConnection, version: int) -> None:
        super().__init__(connection)
        self._previous_version = version
        self._version = version
        self._applications: list[Application] = []
        self._endpoints: list[Endpoint] = []

    def directory_change(self) -> DirectoryChange | None:
        if self._version == self._previous_version:
            return None
        return DirectoryChange(
            self._previous_version,
            self._version,
            tuple(self._applications),
            tuple(self._endpoints),
        )

    async def find_application(
        self, tenant_id: bytes, ref: Ref, kind: str = ApplicationKind.APPLICATION
    ) -> Application | None:
        return await lookups.find_application(self._connection, tenant_id, ref, kind)

    async def find_endpoint(self, application_id: bytes, ref: Ref) -> Endpoint | None:
        return await lookups.find_endpoint(self._connection, application_id, ref)

    async def endpoint_names(self, application_id: bytes) -> Sequence[tuple[bytes, str | None]]:
        statement = select(endpoints.c.id, endpoints.c.uid).where(
            endpoints.c.application_id == application_id, endpoints.c.deleted == false()
        )
        rows = await self._connection.execute(statement.order_by(endpoints.c.id))
        return [(endpoint_id, uid) for endpoint_id, uid in rows]

    async def count_endpoints(self, application_id: bytes) -> int:
        statement = select(func.count()).where(
            endpoints.c.application_id == application_id, endpoints.c.deleted == false()
        )
        return int((await self._connection.execute(statement)).scalar_one())

    async def count_of_tenant(self, tenant_id: bytes, kind: CountedKind, at_most: int) -> int:
        table = applications if kind == "application" else endpoints
        owner = table.c.id if kind == "application" else table.c.application_id
        counted = (
            select(table.c.id)
            .where(
                table.c.tenant_id == tenant_id,
                table.c.deleted == false(),
                owner != operational_application_id(tenant_id),
            )
            .limit(at_most)
            .subquery()
        )
        statement = select(func.count()).select_from(counted)
        return int((await self._connection.execute(statement)).scalar_one())

    async def add_application(self, application: Application) -> Application:
        application = replace(application, version=self._next_version())
        await self._connection.execute(insert(applications).values(application_values(application)))
        await add_members(
            self._connection, application.tenant_id, application.id, application.metadata
        )
        self._applications.append(application)
        return application

    async def replace_application(self, application: Application) -> Application:
        application = replace(application, version=self._next_version())
        await self._connection.execute(
            update(applications)
            .where(applications.c.id == application.id)
            .values(application_values(application))
        )
        await replace_members(
            self._connection, application.tenant_id, application.id, application.metadata
        )
        self._applications.append(application)
        return application

    async def delete_application(self, application: Application, now: datetime) -> Application:
        tombstone = replace(
            application,
            uid=None,
            name="",
            throttle_rate=None,
            metadata={},
            weight=1,
            source_type=None,
            sealed_source_config=None,
            sealed_ingest_token=None,
            ingest_tokens=None,
            updated_at=now,
            deleted=True,
        )
        tombstone = await self.replace_application(tombstone)
        await self._delete_endpoints_of(application.id, now)
        return tombstone

    async def _delete_endpoints_of(self, application_id: bytes, now: datetime) -> None:
        await self._change_endpoints(
            endpoints.c.application_id == application_id,
            emptied_endpoint_values() | {"updated_at": now},
        )
        await remove_members_in(self._connection, application_id)

    async def limit_endpoints(self, application: Application) -> None:
        await self._change_endpoints(
            and_(
                endpoints.c.application_id == application.id,
                endpoints.c.throttle_rate.is_(None),
            ),
            {"application_throttle_rate": application.throttle_rate},
        )

    async def _change_endpoints(
        self, chosen: ColumnElement[bool], values: Mapping[str, object]
    ) -> None:
        """Each endpoint takes a version of its own: copies read the directory in pages by version,
        and a page could not end among thousands of endpoints of one version."""
        order = (
            select(endpoints.c.id, func.row_number().over(order_by=endpoints.c.id).label("place"))
            .where(chosen, endpoints.c.deleted == false())
            .subquery()
        )
        statement = (
            update(endpoints)
            .where(endpoints.c.id == order.c.id)
            .values(dict(values))
            .values(version=self._version + order.c.place)
            .returning(*endpoints.c)
        )
        rows = (await self._connection.execute(statement)).mappings().all()
        changed = sorted((endpoint_of(row) for row in rows), key=lambda one: one.version)
        self._endpoints.extend(changed)
        self._version += len(changed)

    async def add_endpoint(
        self, application: Application, endpoint: Endpoint
    ) -> tuple[Application, Endpoint]:
        application, endpoint = await self._touched(application, endpoint)
        await self._connection.execute(insert(endpoints).values(endpoint_values(endpoint)))
        await add_members(self._connection, application.id, endpoint.id, endpoint.metadata)
        self._endpoints.append(endpoint)
        return application, endpoint

    async def replace_endpoint(
        self, application: Application, endpoint: Endpoint
    ) -> tuple[Application, Endpoint]:
        application, endpoint = await self._touched(application, endpoint)
        await self._connection.execute(
            update(endpoints).where(endpoints.c.id == endpoint.id).values(endpoint_values(endpoint))
        )
        await replace_members(self._connection, application.id, endpoint.id, endpoint.metadata)
        self._endpoints.append(endpoint)
        return application, endpoint

    async def delete_endpoint(
        self, application: Application, endpoint: Endpoint, now: datetime
    ) -> Application:
        application = await self._touch(application)
        statement = (
            update(endpoints)
            .where(endpoints.c.id == endpoint.id)
            .values(emptied_endpoint_values() | {"updated_at": now, "version": application.version})
            .returning(*endpoints.c)
        )
        row = (await self._connection.execute(statement)).mappings().one()
        await replace_members(self._connection, application.id, endpoint.id, {})
        self._endpoints.append(endpoint_of(row))
        return application

    async def _touched(
        self, application: Application, endpoint: Endpoint
    ) -> tuple[Application, Endpoint]:
        application = await self._touch(application)
        return application, replace(
            endpoint,
            version=application.version,
            application_throttle_rate=application.throttle_rate,
        )

    async def _touch(self, application: Application) -> Application:
        """Give the application the next version, too: by it dispatchers tell whether the list of
        endpoints that they have cached is current."""
        application = replace(application, version=self._next_version())
        await self._connection.execute(
            update(applications)
            .where(applications.c.id == application.id)
            .values(version=application.version)
        )
        self._applications.append(application)
        return application

    def _next_version(self) -> int:
        self._version += 1
        return self._version
