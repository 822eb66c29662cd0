"""The audit log in memory."""

import asyncio
from dataclasses import dataclass, field

from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.application.tenants.audit_chain import ChainedEntry
from angarium_gateway.application.tenants.audit_log import AuditEntry
from angarium_gateway.application.unavailable import JournalUnavailable

MADE_AT_MS = 1_893_553_445_678
"""2030-01-02T03:04:05.678Z"""


def audit_id(number: int) -> bytes:
    """The ids of entries: a millisecond apart."""
    return (MADE_AT_MS + number).to_bytes(6) + bytes(10)


@dataclass
class MemoryAuditLog:
    """Implements `AuditLog`. `down`: it cannot be written; with `gate` cleared it hangs."""

    entries: list[AuditEntry] = field(default_factory=list)
    down: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def add(self, entry: AuditEntry) -> None:
        self.asked.set()
        await self.gate.wait()
        if self.down:
            raise JournalUnavailable("the disk is full")
        self.entries.append(entry)

    async def page(
        self, tenant_id: bytes, window: IdWindow, operation: str | None
    ) -> IdPage[ChainedEntry]:
        found = [
            entry
            for entry in sorted(self.entries, key=lambda each: each.id, reverse=window.falling)
            if entry.tenant_id == tenant_id
            and operation in (None, entry.operation)
            and (
                window.past is None
                or (entry.id < window.past if window.falling else entry.id > window.past)
            )
        ]
        items = [ChainedEntry(entry) for entry in found[: window.limit]]
        return IdPage(items[::-1] if window.backwards else items, done=len(found) <= window.limit)
