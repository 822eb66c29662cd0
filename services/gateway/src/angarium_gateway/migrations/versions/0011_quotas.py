"""Quotas of tenants and API keys.

Deploy: before the new code; the earlier code runs on it too, and enforces no quota.

Locks: ACCESS EXCLUSIVE on api_key, tenant.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
works_from = "0003"

RATES = ("requests_per_minute", "messages_per_minute", "payload_bytes_per_minute")
OBJECTS = ("applications_max", "endpoints_max")


def upgrade() -> None:
    for name in RATES + OBJECTS:
        op.add_column("tenant", sa.Column(name, sa.BigInteger()))
    for name in RATES:
        op.add_column("api_key", sa.Column(name, sa.BigInteger()))


def downgrade() -> None:
    for name in RATES:
        op.drop_column("api_key", name)
    for name in OBJECTS + RATES:
        op.drop_column("tenant", name)
