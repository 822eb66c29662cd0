"""Alembic's entry: the chassis has opened the connection."""

from angarium_chassis.database.migration_env import run_migrations

run_migrations()
