"""Everything that the worker keeps, on the engine that its database has."""

from collections.abc import Callable
from typing import NamedTuple

from angarium_chassis.database.engine import Database

from .postgres_hand_ledger import PostgresHandLedger
from .postgres_lanes import PostgresLanes
from .postgres_ledger import PostgresLedger
from .sqlite_hand_ledger import SqliteHandLedger
from .sqlite_lanes import SqliteLanes
from .sqlite_ledger import SqliteLedger


class Stores(NamedTuple):
    """The implementations of `Ledger`, `Lanes` and `HandLedger`."""

    ledger: PostgresLedger | SqliteLedger
    lanes: PostgresLanes | SqliteLanes
    by_hand: PostgresHandLedger | SqliteHandLedger


def stores_on(database: Database, *, lease_s: float, count_ended: Callable[[int], None]) -> Stores:
    """Those of the database's engine; nobody holds a delivery for longer than `lease_s`.
    `count_ended` is told how many deliveries were ended by hand or with their endpoint."""
    if database.on_postgres:
        return Stores(
            PostgresLedger(database),
            PostgresLanes(database),
            PostgresHandLedger(database, lease_s=lease_s, count_ended=count_ended),
        )
    return Stores(
        SqliteLedger(database),
        SqliteLanes(database),
        SqliteHandLedger(database, lease_s=lease_s, count_ended=count_ended),
    )
