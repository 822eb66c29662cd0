"""A driver connection for poolers that do not carry prepared statements.

asyncpg prepares every statement that has arguments, and executes it after a further round trip.
Without a transaction around both, a pooler may send the second to another server, which answers
"unnamed prepared statement does not exist".
"""

from typing import Any

import asyncpg


class TransactionPerStatement(asyncpg.Connection):  # type: ignore[misc]
    """Runs each statement outside a transaction in one of its own.

    Overrides `_execute`, which `fetch` and `execute` with arguments go through, and the driver's
    own queries for types; a statement without arguments is one round trip and needs no more.
    """

    async def _execute(self, *arguments: Any, **options: Any) -> Any:
        if self.is_in_transaction():
            return await super()._execute(*arguments, **options)
        async with self.transaction():
            return await super()._execute(*arguments, **options)
