"""Everything that the worker keeps, on the engine that its database has."""

from collections.abc import Callable
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
    by_hand: PostgresManualLedger | SqliteManualLedger


def stores_on(database: Database, *, lease_s: float, count_ended: Callable[[int], None]) -> Stores:
    """Those of the database's engine; nobody holds a delivery for longer than `lease_s`.
    `count_ended` is told how many deliveries were ended by hand or with their endpoint."""
    if database.on_postgres:
        return Stores(
            PostgresLedger(database),
            PostgresLanes(database),
            PostgresManualLedger(database, lease_s=lease_s, count_ended=count_ended),
        )
    return Stores(
        SqliteLedger(database),
        SqliteLanes(database),
        SqliteManualLedger(database, lease_s=lease_s, count_ended=count_ended),
    )
