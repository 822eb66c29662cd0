"""Alembic's entry: runs inside the transaction that `Schema.migrate` opened."""

from angarium_chassis.database.migration_env import run_migrations

run_migrations()
