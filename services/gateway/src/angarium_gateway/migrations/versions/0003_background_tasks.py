"""Background tasks, and messages for one endpoint only.

Deploy: before the new code.

Locks: ACCESS EXCLUSIVE on message.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "message",
        sa.Column("targeted", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "background_task",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("tenant_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("cursor", sa.LargeBinary(length=16), nullable=True),
        sa.Column("looked", big, nullable=False),
        sa.Column("resent", big, nullable=False),
        sa.Column("skipped", big, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("held_until", big, nullable=False),
        sa.Column("fence", big, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_background_task_tenant_id", "background_task", ["tenant_id", "id"], unique=False
    )
    op.create_index(
        "ix_background_task_running",
        "background_task",
        ["held_until"],
        unique=False,
        postgresql_where=sa.text("status = 'running'"),
        sqlite_where=sa.text("status = 'running'"),
    )


def downgrade() -> None:
    op.drop_index("ix_background_task_running", table_name="background_task")
    op.drop_index("ix_background_task_tenant_id", table_name="background_task")
    op.drop_table("background_task")
    with op.batch_alter_table("message") as message:
        message.drop_column("targeted")
