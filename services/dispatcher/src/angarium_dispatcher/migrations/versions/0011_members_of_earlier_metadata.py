"""The members of the metadata that applications and endpoints have already.

Deploy: after the new code, once no dispatcher of an earlier version is left: it would change
metadata without the members. Until then, lists find by metadata only what the new version changed.
It holds the row of the version counter, so that no configuration changes meanwhile: some seconds
per million members.

Locks: none.

Revision ID: 0011
Revises: 0010
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
works_from = "0005"
phase = "after"

ROWS = 1_000


def upgrade() -> None:
    connection = op.get_bind()
    # As every change of the configuration does; SQLite has its write lock by now.
    if connection.dialect.name == "postgresql":
        op.execute("set local statement_timeout = 0")
        op.execute("select version from directory_version for update")
    op.execute("delete from metadata_members")
    members = sa.table(
        "metadata_members", sa.column("scope"), sa.column("member"), sa.column("owner_id")
    )
    for owners, scope in (("applications", "tenant_id"), ("endpoints", "application_id")):
        query = sa.text(
            f"select id, {scope} as scope, metadata from {owners}"  # noqa: S608 - names of ours
            " where not deleted and metadata <> '{}' and id > :after order by id limit :rows"
        )
        after = b""
        while found := connection.execute(query, {"after": after, "rows": ROWS}).all():
            rows = [
                {"scope": one.scope, "member": _digest(key, value), "owner_id": one.id}
                for one in found
                for key, value in json.loads(one.metadata).items()
            ]
            connection.execute(members.insert(), rows)
            after = found[-1].id


def _digest(key: str, value: str) -> bytes:
    return hashlib.blake2b(f"{key}\0{value}".encode(), digest_size=16).digest()


def downgrade() -> None:
    """Revision 0010 takes the table away, with what is in it."""
