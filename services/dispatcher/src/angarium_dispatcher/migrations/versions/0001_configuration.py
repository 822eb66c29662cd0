"""Applications, endpoints, event types and the directory version.

Deploy order: before the code.

Locks: none.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.LargeBinary(16)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(256, collation="C").with_variant(sa.String(256), "sqlite")


def upgrade() -> None:
    directory_version = op.create_table(
        "directory_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_directory_version"),
    )
    op.bulk_insert(directory_version, [{"id": 1, "version": 0}])
    op.create_table(
        "applications",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("uid", NAME),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("throttle_rate", sa.Integer()),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
    )
    op.create_index("ix_applications_tenant_id_id", "applications", ["tenant_id", "id"])
    op.create_index(
        "uq_applications_tenant_id_uid", "applications", ["tenant_id", "uid"], unique=True
    )
    op.create_index("ix_applications_version", "applications", ["version"])
    op.create_table(
        "endpoints",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("uid", NAME),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("throttle_rate", sa.Integer()),
        sa.Column("event_types", sa.Text()),
        sa.Column("channels", sa.Text()),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name="fk_endpoints_application_id_applications",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_endpoints"),
    )
    live = sa.text("deleted = false")
    op.create_index(
        "ix_endpoints_application_id_id",
        "endpoints",
        ["application_id", "id"],
        postgresql_where=live,
        sqlite_where=sa.text("deleted = 0"),
    )
    op.create_index(
        "uq_endpoints_application_id_uid", "endpoints", ["application_id", "uid"], unique=True
    )
    op.create_index("ix_endpoints_version", "endpoints", ["version"])
    op.create_table(
        "event_types",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("deprecated", sa.Boolean(), nullable=False),
        sa.Column("feature_flag", sa.Text()),
        sa.Column("schemas", sa.LargeBinary()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_event_types"),
    )


def downgrade() -> None:
    op.drop_table("event_types")
    op.drop_table("endpoints")
    op.drop_table("applications")
    op.drop_table("directory_version")
