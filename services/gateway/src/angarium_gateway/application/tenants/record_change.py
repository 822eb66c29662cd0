"""Record a request for a change in the audit log."""

import asyncio
from collections.abc import Callable

import structlog
from angarium_contracts.ids import API_KEY, PORTAL_TOKEN, format_id

from angarium_gateway.application.unavailable import JournalUnavailable

from .audit_log import AuditEntry, AuditLog
from .authentication import Caller
from .portal_tokens import PortalGrant

PATH_CHARS_MAX = 1_024
"""No valid path is longer; a longer one is cut off."""
ADDRESS_CHARS_MAX = 64
WRITE_TIMEOUT_S = 5.0

log = structlog.get_logger()


class RecordChange:
    """Writes the entry of a request before the request is answered.

    It never raises: the change is made already, and its answer has to be sent. An entry that cannot
    be written within `write_timeout_s` goes to the log of the process instead.
    """

    def __init__(
        self,
        audit_log: AuditLog,
        make_id: Callable[[], bytes],
        *,
        write_timeout_s: float = WRITE_TIMEOUT_S,
    ) -> None:
        self._audit_log = audit_log
        self._make_id = make_id
        self._write_timeout_s = write_timeout_s

    async def __call__(
        self,
        caller: Caller,
        *,
        operation: str,
        method: str,
        path: str,
        status: int,
        address: str | None,
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        """Record an answered request. `path` has no query string. `before` and `after` are as in
        `AuditEntry`."""
        entry = AuditEntry(
            id=self._make_id(),
            tenant_id=caller.tenant_id,
            key_id=caller.key_id,
            operation=operation,
            method=method,
            path=path[:PATH_CHARS_MAX],
            status=status,
            by_portal=isinstance(caller.grant, PortalGrant),
            address=None if address is None else address[:ADDRESS_CHARS_MAX],
            before=before,
            after=after,
        )
        try:
            async with asyncio.timeout(self._write_timeout_s):
                await self._audit_log.add(entry)
        except (JournalUnavailable, TimeoutError) as error:
            log.warning(
                "audit.not_written",
                key=format_id(PORTAL_TOKEN if entry.by_portal else API_KEY, entry.key_id),
                operation=entry.operation,
                method=entry.method,
                path=entry.path,
                status=entry.status,
                address=entry.address,
                error=str(error) or type(error).__name__,
            )
