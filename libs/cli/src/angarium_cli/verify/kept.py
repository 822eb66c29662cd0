"""How far back the ledgers reach: what is older may have gone on one side only. Pure.

A message goes when it is too old, an attempt when it is, and the two have settings of their own; a
tenant may keep less of both. Where one side has gone, its absence proves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from angarium_chassis.database.partitions import DAY_MS
from angarium_contracts.ids import created_at_ms, lowest_id_at

MARGIN_MS = 3 * 3_600_000
"""Rows go by the time in their ids, which is of the clock of the machine that made them; and they
go on going while they are audited."""


class Side(StrEnum):
    """Whose retention ends the audit."""

    ATTEMPTS = "attempts"
    MESSAGES = "messages"
    TENANTS = "tenants"


@dataclass(frozen=True, slots=True)
class ShorterTenants:
    """Tenants that keep less than the platform does, and the least of them."""

    count: int = 0
    days_min: int = 0


@dataclass(frozen=True, slots=True)
class Unaudited:
    """The part of the range before `until_ms` (Unix time) that one side keeps no more: `ATTEMPTS`:
    what is missing on record; `MESSAGES`: what is on record of no message; `TENANTS`: both, of
    `tenants`, each as far as it keeps less, the least `days`."""

    side: Side
    until_ms: int
    days: int
    tenants: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """The platform's retention. `now_ms` by the database's clock, as rows go."""

    message_days: int
    attempt_days: int
    now_ms: int

    def messages_from(self, tenant_days: int | None = None) -> bytes:
        """A message with this id or a higher one is in the journal still."""
        return self._from(self.message_days, tenant_days)

    def attempts_from(self, tenant_days: int | None = None) -> bytes:
        """Of a message with this id or a higher one everything is on record still."""
        return self._from(self.attempt_days, tenant_days)

    def days_to_reach(self, first: bytes) -> int:
        """Who keeps rows for fewer days than this does not reach back to this id."""
        return -(-(self.now_ms + MARGIN_MS - created_at_ms(first)) // DAY_MS)

    def unaudited(self, first: bytes, end: bytes, tenants: ShorterTenants) -> Sequence[Unaudited]:
        """The parts of a range of ids, from its start on."""
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
