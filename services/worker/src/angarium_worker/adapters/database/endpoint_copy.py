"""The copy of the dispatcher's endpoints, which all workers on this database share."""

from collections.abc import Sequence
from typing import Any

import msgspec
from angarium_chassis.database.engine import Database
from angarium_contracts.directory import EndpointState
from sqlalchemy import Insert, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from .delivery_rows import delays_of, delays_text
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


class EndpointCopyTable:
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


_COLUMNS = {name: name for name in EndpointState.__struct_fields__} | {
    "retry_delays_s": "retry_delays"
}
"""The column of each field of an endpoint's state."""


def _values(state: EndpointState) -> dict[str, Any]:
    values = {column: getattr(state, name) for name, column in _COLUMNS.items()}
    ends = state.secrets_expire_at
    return values | {
        "secrets": msgspec.msgpack.encode(state.secrets),
        "secrets_expire_at": msgspec.msgpack.encode(ends) if ends else None,
        "retry_delays": delays_text(state.retry_delays_s),
    }


def _state(row: Any) -> EndpointState:
    values = {name: getattr(row, column) for name, column in _COLUMNS.items()}
    ends = row.secrets_expire_at
    return EndpointState(
        **values
        | {
            "secrets": _secrets.decode(row.secrets),
            "secrets_expire_at": () if ends is None else _expiries.decode(ends),
            "retry_delays_s": delays_of(row.retry_delays),
        }
    )
