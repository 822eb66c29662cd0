"""Feature flags and groups of event types; more settings of tenants.

Deploy order: before the code. Undoing it keeps the first feature flag.

Locks: ACCESS EXCLUSIVE on event_types, tenant_policy.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
works_from = "0004"

COPY_FLAGS = """
update event_types set feature_flags = '["' || feature_flag || '"]'
where feature_flag is not null
"""


def upgrade() -> None:
    op.add_column("event_types", sa.Column("feature_flags", sa.Text()))
    op.add_column("event_types", sa.Column("group_name", sa.Text()))
    op.execute(COPY_FLAGS)
    op.add_column("tenant_policy", sa.Column("header_names", sa.String(16)))
    op.add_column("tenant_policy", sa.Column("require_event_types", sa.Boolean()))


def downgrade() -> None:
    op.drop_column("tenant_policy", "require_event_types")
    op.drop_column("tenant_policy", "header_names")
    op.drop_column("event_types", "group_name")
    op.drop_column("event_types", "feature_flags")
