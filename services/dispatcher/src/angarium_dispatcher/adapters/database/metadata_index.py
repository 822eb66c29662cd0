"""The index by which lists find applications and endpoints by a member of their metadata.

Metadata itself is JSON text, which the two engines index differently. So each member has a row
here: a digest of its key and value, which has one length whatever theirs.
"""

import hashlib
from collections.abc import Mapping

from sqlalchemy import ColumnElement, Select, and_, delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from .tables import metadata_members

DIGEST_BYTES = 16


def member_digest(key: str, value: str) -> bytes:
    """The digest of a member. Neither text may contain U+0000."""
    return hashlib.blake2b(f"{key}\0{value}".encode(), digest_size=DIGEST_BYTES).digest()


async def add_members(
    connection: AsyncConnection, scope: bytes, owner_id: bytes, metadata: Mapping[str, str]
) -> None:
    """Add the members of a new object. `scope`: the tenant of an application, or the application of
    an endpoint."""
    if metadata:
        rows = [
            {"scope": scope, "member": member_digest(key, value), "owner_id": owner_id}
            for key, value in metadata.items()
        ]
        await connection.execute(insert(metadata_members), rows)


async def replace_members(
    connection: AsyncConnection, scope: bytes, owner_id: bytes, metadata: Mapping[str, str]
) -> None:
    """Replace the members of an object."""
    found = metadata_members.c.owner_id == owner_id
    await connection.execute(delete(metadata_members).where(found))
    await add_members(connection, scope, owner_id, metadata)


async def remove_members_in(connection: AsyncConnection, scope: bytes) -> None:
    """Remove the members of all objects in a scope."""
    await connection.execute(delete(metadata_members).where(metadata_members.c.scope == scope))


def with_member[Row: tuple[object, ...]](
    statement: Select[Row], owner_id: ColumnElement[bytes], scope: bytes, member: tuple[str, str]
) -> Select[Row]:
    """The statement, of objects in a scope, for those only that have the member."""
    table = metadata_members.c
    return statement.join(
        metadata_members,
        and_(
            table.owner_id == owner_id,
            table.scope == scope,
            table.member == member_digest(*member),
        ),
    )
