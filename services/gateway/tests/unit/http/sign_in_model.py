"""Sign-ins in memory."""

from dataclasses import dataclass, field
from datetime import timedelta

from angarium_gateway.application.tenants.api_keys import CreatedKey, NewApiKey
from angarium_gateway.application.tenants.sign_ins import NewSignIn

from .key_model import CREATED_AT, MemoryApiKeys


@dataclass
class MemorySignIns:
    """Implements `SignIns`, without ends and challenges: the table has tests of its own."""

    keys: MemoryApiKeys
    prepared: dict[str, NewSignIn] = field(default_factory=dict)

    async def prepare(self, new: NewSignIn) -> str:
        code = f"ang_sc_{len(self.prepared) + 1}"
        self.prepared[code] = new
        return code

    async def complete(self, code: str, verifier: str | None) -> CreatedKey | None:
        found = self.prepared.pop(code, None)
        if found is None:
            return None
        new = NewApiKey(
            name=f"Console: {found.subject}",
            scope=found.scope,
            expires_at=CREATED_AT + timedelta(seconds=found.key_life_s),
            subject=found.subject,
            email=found.email,
        )
        return await self.keys.create(found.tenant_id, new)
