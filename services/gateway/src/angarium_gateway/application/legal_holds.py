"""Legal holds: messages, attempts and payloads that must not be deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from angarium_contracts.ids import APPLICATION, format_id
from angarium_contracts.queries import Problem, ProblemCode
from angarium_contracts.retention import LegalHold as HeldRows


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A hold on an application, or on the whole tenant if `application_id` is None."""

    tenant_id: bytes
    application_id: bytes | None
    reason: str
    placed_by: bytes
    placed_at: datetime


class LegalHolds(Protocol):
    """Storage of holds. Every method raises `JournalUnavailable`."""

    async def place(self, hold: LegalHold) -> None:
        """Store a hold; one that is there already gets the new reason."""
        ...

    async def find(self, tenant_id: bytes, application_id: bytes | None) -> LegalHold | None:
        """The hold on exactly this application, or on the whole tenant."""
        ...

    async def lift(self, tenant_id: bytes, application_id: bytes | None) -> None:
        """Delete a hold, if there is one."""
        ...

    async def page(self, after: HeldRows | None) -> Sequence[HeldRows]:
        """The first `PAGE_MAX` holds after `after`, by tenant and application."""
        ...

    async def applying(self, tenant_id: bytes, application_id: bytes | None) -> LegalHold | None:
        """A hold that keeps rows of this application, or any of the tenant if it is None."""
        ...


async def refuse_held(
    holds: LegalHolds, tenant_id: bytes, application_id: bytes | None
) -> Problem | None:
    """A problem if a hold forbids to delete content of the application, or of some application of
    the tenant. Raises `JournalUnavailable`."""
    hold = await holds.applying(tenant_id, application_id)
    if hold is None:
        return None
    of = "all applications"
    if hold.application_id is not None:
        of = f"the application {format_id(APPLICATION, hold.application_id)}"
    return Problem(
        code=ProblemCode.CONFLICT,
        detail=f"A legal hold on {of} keeps this content: {hold.reason}. Lift the hold first.",
    )
