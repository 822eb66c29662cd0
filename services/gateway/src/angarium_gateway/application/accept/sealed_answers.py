"""Encrypts stored answers, because some of them contain an endpoint secret."""

from dataclasses import dataclass, replace

from angarium_chassis.sealing import Seal, SealBroken

from .idempotency import (
    Answer,
    Claim,
    Claimed,
    IdempotencyKeys,
    Replayed,
)


@dataclass(frozen=True, slots=True)
class SealedAnswers:
    """Wraps `IdempotencyKeys`: answers are sealed, each bound to its own key."""

    keys: IdempotencyKeys
    seal: Seal

    async def claim(self, key_digest: bytes, request_digest: bytes) -> Claim:
        """See `IdempotencyKeys`."""
        claim = await self.keys.claim(key_digest, request_digest)
        if not isinstance(claim, Replayed):
            return claim
        return Replayed(self._opened(claim.answer, key_digest))

    async def complete(self, key_digest: bytes, claimed: Claimed, answer: Answer) -> None:
        """See `IdempotencyKeys`."""
        if answer.body:
            answer = replace(answer, body=self.seal.close(answer.body, key_digest))
        await self.keys.complete(key_digest, claimed, answer)

    async def release(self, key_digest: bytes, claimed: Claimed) -> None:
        """See `IdempotencyKeys`."""
        await self.keys.release(key_digest, claimed)

    def _opened(self, answer: Answer, key_digest: bytes) -> Answer:
        if not answer.body:
            return answer
        try:
            return replace(answer, body=self.seal.open(answer.body, key_digest))
        except SealBroken:
            # Stored within the last day by a version that did not seal.
            return answer
