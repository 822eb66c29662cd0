"""Fixtures of the gateway's suites."""

import pytest
from angarium_chassis.database.schema import Schema
from angarium_gateway.adapters.database.schema import SCHEMA


@pytest.fixture(scope="session")
def schema() -> Schema:
    """The gateway's."""
    return SCHEMA
