"""The copy of the endpoints, as all workers on this database share it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from angarium_chassis.database.engine import Database
from angarium_contracts.directory import EndpointState
from sqlalchemy import Insert, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from angarium_worker.application.ledger.records import delays_of, delays_text

from .storage_errors import storage_errors
from .tables import directory_copy, endpoint_copy

_secrets = msgspec.msgpack.Decoder(tuple[bytes, ...])
_expiries = msgspec.msgpack.Decoder(tuple[float, ...])
_VERSION = select(directory_copy.c.version).where(directory_copy.c.id == 1)
_ADVANCE = (
    update(directory_copy)
    .where(directory_copy.c.id == 1, directory_copy.c.version < bindparam("reached"))
    .values(version=bindparam("reached"))
)


class EndpointRows:
    """Implements `EndpointCopy`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.engine.execution_options(read_only=True)
        self._upsert = _upsert_if_newer(postgresql if database.on_postgres else sqlite)

    async def version(self) -> int:
        """See `EndpointCopy`."""
        with storage_errors():
            async with self._reading.connect() as connection:
                return int((await connection.execute(_VERSION)).scalar_one())

    async def read(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState]:
        """See `EndpointCopy`."""
        query = select(endpoint_copy).where(endpoint_copy.c.id.in_(endpoint_ids))
        with storage_errors():
            async with self._reading.connect() as connection:
                return [_state(row) for row in (await connection.execute(query)).all()]

    async def store(self, endpoints: Sequence[EndpointState], version: int | None) -> None:
        """See `EndpointCopy`."""
        if not endpoints and version is None:
            return
        with storage_errors():
            async with self._engine.begin() as connection:
                if endpoints:
                    # In order of id, so that two workers that store the same never deadlock.
                    states = sorted(endpoints, key=lambda state: state.id)
                    await connection.execute(self._upsert, [_values(state) for state in states])
                if version is not None:
                    await connection.execute(_ADVANCE, {"reached": version})


def _upsert_if_newer(dialect: Any) -> Insert:
    insert = dialect.insert(endpoint_copy)
    new = insert.excluded
    columns = [column.name for column in endpoint_copy.columns if column.name != "id"]
    upsert: Insert = insert.on_conflict_do_update(
        index_elements=[endpoint_copy.c.id],
        set_={name: new[name] for name in columns},
        where=endpoint_copy.c.version < new.version,
    )
    return upsert


def _values(state: EndpointState) -> dict[str, Any]:
    return {
        "id": state.id,
        "tenant_id": state.tenant_id,
        "application_id": state.application_id,
        "version": state.version,
        "url": state.url,
        "secrets": msgspec.msgpack.encode(state.secrets),
        "headers": state.headers,
        "throttle_rate": state.throttle_rate,
        "disabled": state.disabled,
        "deleted": state.deleted,
        "secrets_expire_at": (
            msgspec.msgpack.encode(state.secrets_expire_at) if state.secrets_expire_at else None
        ),
        "timeout_s": state.timeout_s,
        "header_names": state.header_names,
        "proxy": state.proxy,
        "client_certificate": state.client_certificate,
        "fifo": state.fifo,
        "concurrency_max": state.concurrency_max,
        "retry_delays": delays_text(state.retry_delays_s),
    }


def _state(row: Any) -> EndpointState:
    return EndpointState(
        id=row.id,
        tenant_id=row.tenant_id,
        application_id=row.application_id,
        version=row.version,
        url=row.url,
        secrets=_secrets.decode(row.secrets),
        headers=row.headers,
        throttle_rate=row.throttle_rate,
        disabled=row.disabled,
        deleted=row.deleted,
        secrets_expire_at=(
            () if row.secrets_expire_at is None else _expiries.decode(row.secrets_expire_at)
        ),
        timeout_s=row.timeout_s,
        header_names=row.header_names,
        proxy=row.proxy,
        client_certificate=row.client_certificate,
        fifo=row.fifo,
        concurrency_max=row.concurrency_max,
        retry_delays_s=delays_of(row.retry_delays),
    )
