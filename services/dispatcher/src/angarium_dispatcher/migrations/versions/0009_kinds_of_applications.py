"""Kinds of applications: sources and streams beside those of customers.

Deploy order: before the code. The earlier code runs on it until the first source or stream is
created. Undoing it is refused while there is one.

Locks: ACCESS EXCLUSIVE on applications.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
works_from = "0005"


def upgrade() -> None:
    op.add_column(
        "applications",
        sa.Column("kind", sa.String(length=16), nullable=False, server_default="application"),
    )
    op.add_column("applications", sa.Column("source_type", sa.String(length=32)))
    op.add_column("applications", sa.Column("sealed_source_config", sa.LargeBinary()))
    op.add_column("applications", sa.Column("sealed_ingest_token", sa.LargeBinary()))
    op.add_column("applications", sa.Column("ingest_tokens", sa.Text()))
    op.drop_index("ix_applications_tenant_id_id", "applications")
    op.drop_index("uq_applications_tenant_id_uid", "applications")
    op.create_index(
        "ix_applications_tenant_id_kind_id", "applications", ["tenant_id", "kind", "id"]
    )
    op.create_index(
        "uq_applications_tenant_id_kind_uid",
        "applications",
        ["tenant_id", "kind", "uid"],
        unique=True,
    )


def downgrade() -> None:
    others = "select count(*) from applications where kind <> 'application' and not deleted"
    if op.get_bind().execute(sa.text(others)).scalar_one():
        raise RuntimeError("there are sources or streams; delete them before going back")
    op.drop_index("ix_applications_tenant_id_kind_id", "applications")
    op.drop_index("uq_applications_tenant_id_kind_uid", "applications")
    op.create_index("ix_applications_tenant_id_id", "applications", ["tenant_id", "id"])
    op.create_index(
        "uq_applications_tenant_id_uid", "applications", ["tenant_id", "uid"], unique=True
    )
    for name in (
        "ingest_tokens",
        "sealed_ingest_token",
        "sealed_source_config",
        "source_type",
        "kind",
    ):
        op.drop_column("applications", name)
