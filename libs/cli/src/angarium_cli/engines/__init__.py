"""Valkey and Postgres servers from their wheels, for `angarium dev` and for tests."""

from angarium_cli.engines.postgres import PostgresProcess
from angarium_cli.engines.valkey import ValkeyProcess
from angarium_cli.engines.valkey_cluster import ValkeyCluster
from angarium_cli.failure import EngineFailed

__all__ = ["EngineFailed", "PostgresProcess", "ValkeyCluster", "ValkeyProcess"]
