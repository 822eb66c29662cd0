"""The reach of the ledgers into the past. Pure.

A message is deleted when it is too old, an attempt when it is, and the two have settings of their
own; a tenant may keep less of both. Where one side has been deleted, its absence proves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from angarium_chassis.database.partitions import DAY_MS
from angarium_contracts.ids import created_at_ms, lowest_id_at
from angarium_gateway.examination.audited_journal import ShorterTenants

MARGIN_MS = 3 * 3_600_000
"""Rows are deleted by the time in their ids, which the clock of the machine that made them gave;
and they are deleted while the audit runs."""


class Side(StrEnum):
    """The retention that limits the audit."""

    ATTEMPTS = "attempts"
    MESSAGES = "messages"
    TENANTS = "tenants"


@dataclass(frozen=True, slots=True)
class Unaudited:
    """A part of the range, before `until_ms` (Unix time), that one side no longer keeps.

    Without `ATTEMPTS`, missing deliveries cannot be found; without `MESSAGES`, deliveries of no
    message. `TENANTS`: neither, for the `tenants` that keep less; the least is `days`.
    """

    side: Side
    until_ms: int
    days: int
    tenants: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """The platform's retention. `now_ms` is the database's clock, by which rows are deleted."""

    message_days: int
    attempt_days: int
    now_ms: int

    def messages_from(self, tenant_days: int | None = None) -> bytes:
        """Messages with this id or a higher one are still in the journal."""
        return self._from(self.message_days, tenant_days)

    def attempts_from(self, tenant_days: int | None = None) -> bytes:
        """Attempts of messages with this id or a higher one are still on record."""
        return self._from(self.attempt_days, tenant_days)

    def days_to_reach(self, first: bytes) -> int:
        """The retention that is needed to reach back to this id."""
        return -(-(self.now_ms + MARGIN_MS - created_at_ms(first)) // DAY_MS)

    def unaudited(self, first: bytes, end: bytes, tenants: ShorterTenants) -> Sequence[Unaudited]:
        """The unaudited parts of a range of ids."""
        found = [
            Unaudited(Side.ATTEMPTS, created_at_ms(self.attempts_from()), self.attempt_days),
            Unaudited(Side.MESSAGES, created_at_ms(self.messages_from()), self.message_days),
        ]
        if tenants.count:
            until_ms = created_at_ms(self._from(tenants.days_min))
            found.append(Unaudited(Side.TENANTS, until_ms, tenants.days_min, tenants.count))
        first_ms, end_ms = created_at_ms(first), created_at_ms(end)
        return [
            Unaudited(each.side, min(each.until_ms, end_ms), each.days, each.tenants)
            for each in found
            if each.until_ms > first_ms
        ]

    def _from(self, days: int, tenant_days: int | None = None) -> bytes:
        kept_days = days if tenant_days is None else min(days, tenant_days)
        return lowest_id_at(self.now_ms - kept_days * DAY_MS + MARGIN_MS)
