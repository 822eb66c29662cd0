"""The gateway's schema, for the migrate command and the check at startup."""

from angarium_chassis.database.schema import Schema

from .tables import metadata

SCHEMA = Schema(
    "gateway",
    "angarium_gateway",
    metadata,
    own_tables=frozenset({"api_key", "batch", "message"}),
)
