"""The dispatcher's schema, for the migrate command and the check at start."""

from angarium_chassis.database.schema import Schema

from .tables import tables

SCHEMA = Schema("dispatcher", "angarium_dispatcher", tables)
