"""The gateway's schema, for the migrate command and the check at startup."""

from angarium_chassis.database.schema import Schema

from .term_tables import message_term

SCHEMA = Schema(
    "gateway",
    "angarium_gateway",
    message_term.metadata,
    own_tables=frozenset({"api_key", "batch", "message"}),
)
