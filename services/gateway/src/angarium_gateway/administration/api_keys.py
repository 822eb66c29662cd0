"""API keys in the gateway's database, created, listed and revoked by an operator."""

import os
import random
import time
from datetime import UTC, datetime

from angarium_chassis.database.engine import Database
from angarium_contracts.ids import IdMaker

from angarium_gateway.adapters.database.api_keys import ApiKeyRefused, ApiKeyTable, TokenTaken
from angarium_gateway.domain.digests import token_hash

__all__ = ["ApiKeyRefused", "ApiKeyTable", "ensure_key", "key_table"]


def key_table(database: Database) -> ApiKeyTable:
    """The API keys in a database, with this process's clock and random source."""
    return ApiKeyTable(
        database,
        make_id=IdMaker(time.time_ns, random.SystemRandom().getrandbits),
        now=lambda: datetime.now(UTC),
        random_bytes=os.urandom,
    )


async def ensure_key(keys: ApiKeyTable, tenant_name: str, key_name: str, token: str) -> bool:
    """Create the key with this token unless it exists; False if it was revoked.

    Raises ApiKeyRefused for a text that cannot be a token.
    """
    if await keys.find(token_hash(token)) is not None:
        return True
    try:
        await keys.create(tenant_name, key_name, token=token)
    except TokenTaken:
        return False
    return True
