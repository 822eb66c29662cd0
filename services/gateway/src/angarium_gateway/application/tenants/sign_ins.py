"""Port to sign-ins: codes that a person's browser exchanges, once, for an API key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from angarium_gateway.domain.permissions import KeyScope

from .api_keys import CreatedKey

CODE_LIFE_S_MAX: Final = 7 * 24 * 3_600
KEY_LIFE_S: Final = 12 * 3_600
"""The key of a sign-in ends after a working day."""
KEY_LIFE_S_MAX: Final = 30 * 24 * 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignIn:
    """A sign-in to prepare. `subject` names the person, and `email` may be known, too.

    The code works until `expires_at`, the key for `key_life_s` from the exchange. `challenge` is
    the SHA-256 of a secret that the browser has to bring along with the code; None: the code is
    enough.
    """

    tenant_id: bytes
    scope: KeyScope
    subject: str
    email: str | None = None
    expires_at: datetime
    key_life_s: int = KEY_LIFE_S
    challenge: bytes | None = None


class SignIns(Protocol):
    """Storage of sign-ins. Every method raises `JournalUnavailable`."""

    async def prepare(self, new: NewSignIn) -> str:
        """Store a sign-in, and give its code, which is not stored and cannot be read again."""
        ...

    async def complete(self, code: str, verifier: str | None) -> CreatedKey | None:
        """Create the key of a sign-in, and forget its code; None if the code is unknown, used or
        expired, or if `verifier` is not the secret of its challenge."""
        ...
