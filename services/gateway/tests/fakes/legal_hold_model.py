"""Legal holds in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from angarium_contracts.retention import LegalHold as HeldRows
from angarium_gateway.application.legal_holds import LegalHold


@dataclass
class MemoryLegalHolds:
    """Implements `LegalHolds`."""

    holds: dict[tuple[bytes, bytes | None], LegalHold] = field(default_factory=dict)

    async def place(self, hold: LegalHold) -> None:
        self.holds[hold.tenant_id, hold.application_id] = hold

    async def find(self, tenant_id: bytes, application_id: bytes | None) -> LegalHold | None:
        return self.holds.get((tenant_id, application_id))

    async def lift(self, tenant_id: bytes, application_id: bytes | None) -> None:
        self.holds.pop((tenant_id, application_id), None)

    async def page(self, after: HeldRows | None) -> Sequence[HeldRows]:
        return [HeldRows(*each) for each in self.holds] if after is None else []

    async def applying(self, tenant_id: bytes, application_id: bytes | None) -> LegalHold | None:
        return next(
            (
                hold
                for (of, held), hold in self.holds.items()
                if of == tenant_id and (application_id is None or held in (None, application_id))
            ),
            None,
        )
