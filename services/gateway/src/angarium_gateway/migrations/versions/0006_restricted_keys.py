"""Scopes, expiry and last use of API keys; suspended tenants.

Deploy: before the new code; the earlier code runs on it too. It refuses the keys that the new code
creates (their tokens are hashed in another way), because it would not keep to their scopes. It does
not know of suspended tenants: suspend none before all gateways are updated.

Locks: ACCESS EXCLUSIVE on api_key, tenant.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.add_column("tenant", sa.Column("suspended_at", sa.BigInteger()))
    op.add_column(
        "api_key", sa.Column("scope", sa.String(16), nullable=False, server_default="admin")
    )
    op.add_column("api_key", sa.Column("application_id", sa.LargeBinary(16)))
    op.add_column("api_key", sa.Column("expires_at", sa.BigInteger()))
    op.add_column("api_key", sa.Column("last_used_at", sa.BigInteger()))
    op.create_index("ix_api_key_tenant_id", "api_key", ["tenant_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_api_key_tenant_id", table_name="api_key")
    for column in ("last_used_at", "expires_at", "application_id", "scope"):
        op.drop_column("api_key", column)
    op.drop_column("tenant", "suspended_at")
