"""The gateway's copy of the application directory."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from angarium_chassis.database.engine import Database
from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.directory import ApplicationState, EndpointState
from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from .failures import journal_failures
from .tables import application_copy, directory_copy

_tokens_decoder = msgspec.json.Decoder(tuple[tuple[str, float], ...])


class ApplicationCopyTable:
    """Implements the ports `ApplicationCopy` and the chassis's `DirectoryCopy`.

    Listeners (`on_change`) receive the ids of applications whose state has changed.
    """

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._listeners: list[Callable[[bytes], None]] = []
        self._insert = postgres_insert if database.on_postgres else sqlite_insert

    def on_change(self, listener: Callable[[bytes], None]) -> None:
        """Call `listener` for each change that comes from the dispatcher."""
        self._listeners.append(listener)

    async def find(
        self,
        tenant_id: bytes,
        application_id: bytes | None,
        uid: str,
        kind: str = ApplicationKind.APPLICATION,
    ) -> ApplicationState | None:
        """See the port."""
        named: ColumnElement[bool] = and_(
            application_copy.c.uid == uid,
            application_copy.c.kind == kind,
        )
        if application_id is not None:
            named = or_(application_copy.c.id == application_id, named)
        query = select(application_copy).where(
            application_copy.c.tenant_id == tenant_id,
            application_copy.c.deleted.is_(False),
            named,
        )
        with journal_failures():
            async with self._engine.execution_options(read_only=True).connect() as connection:
                newest = query.order_by(application_copy.c.version.desc()).limit(1)
                row = (await connection.execute(newest)).one_or_none()
        if row is None:
            return None
        return state_of(row)

    async def learn(self, state: ApplicationState) -> None:
        """See the port."""
        with journal_failures():
            async with self._engine.begin() as connection:
                await self._store(connection, [state])

    async def version(self) -> int:
        """See the port."""
        with journal_failures():
            async with self._engine.execution_options(read_only=True).connect() as connection:
                version = await connection.scalar(select(directory_copy.c.version))
        return version or 0

    async def apply(
        self,
        version: int,
        applications: Sequence[ApplicationState],
        endpoints: Sequence[EndpointState],
    ) -> None:
        """See the port. The gateway keeps no copy of endpoints."""
        upsert = self._insert(directory_copy).values(id=1, version=version)
        with journal_failures():
            async with self._engine.begin() as connection:
                await self._store(connection, applications)
                await connection.execute(
                    upsert.on_conflict_do_update(
                        index_elements=["id"],
                        set_={"version": upsert.excluded.version},
                        where=directory_copy.c.version < upsert.excluded.version,
                    )
                )
        for state in applications:
            for listener in self._listeners:
                listener(state.id)

    async def _store(self, connection: AsyncConnection, states: Sequence[ApplicationState]) -> None:
        for state in states:
            upsert = self._insert(application_copy).values(
                id=state.id,
                tenant_id=state.tenant_id,
                uid=state.uid,
                version=state.version,
                deleted=state.deleted,
                kind=state.kind,
                source_type=state.source_type,
                sealed_source_config=state.sealed_source_config,
                ingest_tokens=_tokens_text(state),
            )
            await connection.execute(
                upsert.on_conflict_do_update(
                    index_elements=["id"],
                    set_={
                        "uid": upsert.excluded.uid,
                        "version": upsert.excluded.version,
                        "deleted": upsert.excluded.deleted,
                        "kind": upsert.excluded.kind,
                        "source_type": upsert.excluded.source_type,
                        "sealed_source_config": upsert.excluded.sealed_source_config,
                        "ingest_tokens": upsert.excluded.ingest_tokens,
                    },
                    where=application_copy.c.version < upsert.excluded.version,
                )
            )


def state_of(row: Row[Any]) -> ApplicationState:
    """The state of an application that is not deleted."""
    config, tokens = row.sealed_source_config, row.ingest_tokens
    return ApplicationState(
        id=bytes(row.id),
        tenant_id=bytes(row.tenant_id),
        version=row.version,
        uid=row.uid,
        kind=row.kind,
        source_type=row.source_type,
        sealed_source_config=None if config is None else bytes(config),
        ingest_tokens=() if tokens is None else _tokens_decoder.decode(tokens),
    )


def _tokens_text(state: ApplicationState) -> str | None:
    return msgspec.json.encode(state.ingest_tokens).decode() if state.ingest_tokens else None
