"""The package of a service that exists in tests only, with two migrations."""

from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, Table

TABLES = MetaData()
Table("parcels", TABLES, Column("id", Integer, primary_key=True), Column("weight", Integer))

ENV = """
from angarium_chassis.database.migration_env import run_migrations

run_migrations()
"""
FIRST = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("parcels", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("parcels")
"""
SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    with op.batch_alter_table("parcels") as parcels:
        parcels.add_column(sa.Column("weight", sa.Integer))


def downgrade():
    with op.batch_alter_table("parcels") as parcels:
        parcels.drop_column("weight")
"""


def write_package(folder: Path) -> Path:
    """Write the package `angarium_courier` into `source/` below the folder. Returns the folder of
    its migrations."""
    package = folder / "source" / "angarium_courier"
    versions = package / "migrations" / "versions"
    versions.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "migrations" / "env.py").write_text(ENV)
    (versions / "0001_parcels.py").write_text(FIRST)
    (versions / "0002_weight.py").write_text(SECOND)
    return versions
