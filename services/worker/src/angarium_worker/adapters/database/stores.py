"""The stores of the worker's deliveries, for the engine that its database runs on."""

from typing import NamedTuple

from angarium_chassis.database.engine import Database

from angarium_worker.adapters.database.postgres.lanes import PostgresLanes
from angarium_worker.adapters.database.postgres.ledger import PostgresLedger
from angarium_worker.adapters.database.postgres.manual_ledger import PostgresManualLedger
from angarium_worker.adapters.database.sqlite.lanes import SqliteLanes
from angarium_worker.adapters.database.sqlite.ledger import SqliteLedger
from angarium_worker.adapters.database.sqlite.manual_ledger import SqliteManualLedger


class Stores(NamedTuple):
    """The implementations of `Ledger`, `Lanes` and `ManualLedger`."""

    ledger: PostgresLedger | SqliteLedger
    lanes: PostgresLanes | SqliteLanes
    manual_ledger: PostgresManualLedger | SqliteManualLedger


def stores_on(database: Database, *, lease_s: float) -> Stores:
    """The stores for the database's engine. `lease_s` is the longest that a worker holds a
    delivery."""
    if database.on_postgres:
        return Stores(
            PostgresLedger(database),
            PostgresLanes(database),
            PostgresManualLedger(database, lease_s=lease_s),
        )
    return Stores(
        SqliteLedger(database),
        SqliteLanes(database),
        SqliteManualLedger(database, lease_s=lease_s),
    )
