"""How an endpoint is sent to: headers, deadline, header names, proxy, client certificate; and
why Angarium disabled it.

Deploy order: before the code. Workers of the same version go before dispatchers: a worker that
is older stores the endpoints that it hears of without these members.

Locks: ACCESS EXCLUSIVE on endpoints.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None



def upgrade() -> None:
    for column in (
        sa.Column("sealed_headers", sa.LargeBinary()),
        sa.Column("timeout_s", sa.Double()),
        sa.Column("header_names", sa.String(16), nullable=False, server_default="webhook"),
        sa.Column("sealed_proxy", sa.LargeBinary()),
        sa.Column("proxy_shown", sa.Text()),
        sa.Column("sealed_certificate", sa.LargeBinary()),
        sa.Column("certificate_subject", sa.Text()),
        sa.Column("certificate_expires_at", sa.BigInteger()),
        sa.Column("disabled_reason", sa.Text()),
    ):
        op.add_column("endpoints", column)


def downgrade() -> None:
    for name in (
        "disabled_reason",
        "certificate_expires_at",
        "certificate_subject",
        "sealed_certificate",
        "proxy_shown",
        "sealed_proxy",
        "header_names",
        "timeout_s",
        "sealed_headers",
    ):
        op.drop_column("endpoints", name)
