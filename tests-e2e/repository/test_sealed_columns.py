"""Every column that can hold a sealed value is marked as sealed, or known not to be."""

import re

from angarium_chassis.database.sealed_columns import sealed_tables
from angarium_cli.services import SERVICES, examination_of
from sqlalchemy import LargeBinary

NOT_SEALED = {
    ("gateway", "message", "payload"),
    ("gateway", "batch", "message_refs"),
    ("gateway", "message_term", "ids"),
    ("dispatcher", "event_types", "schemas"),
    ("worker", "attempt", "response"),
    ("worker", "attempt", "timings"),
    ("worker", "attempt", "exchange"),
    ("worker", "pending_delivery", "payload"),
    ("worker", "lane", "confirmed"),
    ("worker", "endpoint_copy", "secrets_expire_at"),
    ("worker", "delivery_rollup", "durations"),
    ("worker", "delivery_rollup", "latencies"),
}
"""Columns of bytes that hold no secret. A rotation of the encryption key does not read them."""


def test_every_column_of_bytes_is_marked_as_sealed_or_known_not_to_be() -> None:
    found, marked = set(), set()
    for service in SERVICES:
        tables = examination_of(service).SCHEMA.tables
        found |= {
            (service, table.name, column.name)
            for table in tables.sorted_tables
            for column in table.columns
            # With a length they hold ids and hashes.
            if isinstance(column.type, LargeBinary) and column.type.length is None
        }
        marked |= {
            (service, table.name, name)
            for table in sealed_tables(tables)
            for name in table.packings
        }
    assert marked.isdisjoint(NOT_SEALED)
    assert found == marked | NOT_SEALED


def test_a_column_whose_name_says_that_it_is_sealed_is_marked() -> None:
    for service in SERVICES:
        tables = examination_of(service).SCHEMA.tables
        marked = {
            f"{table.name}.{name}" for table in sealed_tables(tables) for name in table.packings
        }
        named = {
            f"{table.name}.{column.name}"
            for table in tables.sorted_tables
            for column in table.columns
            if re.match("sealed_", column.name)
        }
        assert named <= marked
