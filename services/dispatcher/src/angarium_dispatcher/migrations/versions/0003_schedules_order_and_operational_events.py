"""Retry schedules of endpoints, event types and tenants; order and concurrency of endpoints;
weights of applications; operational events on their way to the gateway.

Deploy order: before the code. Workers of the same version go before dispatchers: a worker that
is older stores the endpoints that it hears of without these members. Gateways go before
dispatchers too: until one answers, operational events wait here. Undoing it loses what these
members held, and the events that wait.

Locks: ACCESS EXCLUSIVE on applications, endpoints, event_types.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.LargeBinary(16)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(256, collation="C").with_variant(sa.String(256), "sqlite")


def upgrade() -> None:
    op.add_column(
        "applications", sa.Column("weight", sa.Integer(), nullable=False, server_default="1")
    )
    for column in (
        sa.Column("fifo", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("concurrency_max", sa.Integer()),
        sa.Column("retry_delays_s", sa.Text()),
    ):
        op.add_column("endpoints", column)
    op.add_column("event_types", sa.Column("retry_delays_s", sa.Text()))
    scheduled = sa.text("retry_delays_s is not null")
    op.create_index(
        "ix_event_types_tenant_id_scheduled",
        "event_types",
        ["tenant_id"],
        postgresql_where=scheduled,
        sqlite_where=scheduled,
    )
    op.create_table(
        "tenant_policy",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("retry_delays_s", sa.Text()),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tenant_policy"),
    )
    op.create_index("uq_tenant_policy_version", "tenant_policy", ["version"], unique=True)
    op.create_table(
        "operational_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("endpoint_uid", NAME),
        sa.Column("failing_since", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_operational_event"),
    )


def downgrade() -> None:
    op.drop_table("operational_event")
    op.drop_table("tenant_policy")
    op.drop_index("ix_event_types_tenant_id_scheduled", "event_types")
    op.drop_column("event_types", "retry_delays_s")
    for name in ("retry_delays_s", "concurrency_max", "fifo"):
        op.drop_column("endpoints", name)
    op.drop_column("applications", "weight")
