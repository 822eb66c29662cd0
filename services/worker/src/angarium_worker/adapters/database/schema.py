"""The worker's schema and its history."""

from angarium_chassis.database.schema import Schema

from .tables import tables

SCHEMA = Schema(
    "worker",
    "angarium_worker",
    tables,
    own_tables=frozenset({"attempt", "pending_delivery", "endpoint_copy"}),
)
