"""Valkey and Postgres, started from their wheels for `angarium dev` and for the tests."""

from angarium_cli.engines.failure import EngineFailed
from angarium_cli.engines.postgres import PostgresProcess
from angarium_cli.engines.valkey import ValkeyProcess

__all__ = ["EngineFailed", "PostgresProcess", "ValkeyProcess"]
