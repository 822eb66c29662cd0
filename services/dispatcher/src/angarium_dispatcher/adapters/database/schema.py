"""The dispatcher's schema, for the migrate command and the check at start."""

from angarium_chassis.database.schema import Schema

from .tables import directory_version, tables

SCHEMA = Schema(
    "dispatcher",
    "angarium_dispatcher",
    tables,
    own_tables=frozenset({"applications", "endpoints", "event_types"}),
    locked_by_changes=directory_version,
)
