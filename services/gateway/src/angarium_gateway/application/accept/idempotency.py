"""Answering a POST once: a repeat under the same Idempotency-Key gets the stored answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, assert_never

KEPT_FOR = timedelta(hours=24)
"""An answer older than this is forgotten: its key is new again."""

ABANDONED_AFTER = timedelta(seconds=60)
"""A request that is in flight for longer has lost its gateway; its key may be used again."""

TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, to be given again as it is."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Claimed:
    """The key is this request's since `at`, which nobody else can claim to have."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """The request was answered before."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class InFlight:
    """The same request is being carried out at this moment."""


@dataclass(frozen=True, slots=True)
class UsedForAnother:
    """The key was used with another request."""


type Claim = Claimed | Replayed | InFlight | UsedForAnother
type Outcome = Answer | Replayed | InFlight | UsedForAnother


class IdempotencyKeys(Protocol):
    """The keys in use, durable and shared by all gateways. Digests are 16 bytes."""

    async def claim(self, key_digest: bytes, request_digest: bytes) -> Claim:
        """Take a key for a request, or say why not. Takes over what is older than `KEPT_FOR`,
        and what has been in flight for longer than `ABANDONED_AFTER`."""

    async def complete(self, key_digest: bytes, claimed: Claimed, answer: Answer) -> None:
        """Store the answer, unless the claim was taken over."""

    async def release(self, key_digest: bytes, claimed: Claimed) -> None:
        """Make the key unused again, unless the claim was taken over."""


async def answer_once(
    keys: IdempotencyKeys,
    key_digest: bytes,
    request_digest: bytes,
    work: Callable[[], Awaitable[Answer]],
) -> Outcome:
    """Do `work` unless it was done or is being done under this key.

    Answers that a repeat may better (5xx, 429) are not kept. When `work` is cancelled nobody
    knows how far it came: its claim ends by age.
    """
    claim = await keys.claim(key_digest, request_digest)
    match claim:
        case Claimed():
            return await _carry_out(keys, key_digest, claim, work)
        case Replayed() | InFlight() | UsedForAnother():
            return claim
        case _:
            assert_never(claim)


async def _carry_out(
    keys: IdempotencyKeys,
    key_digest: bytes,
    claim: Claimed,
    work: Callable[[], Awaitable[Answer]],
) -> Answer:
    try:
        answer = await work()
    except Exception:
        await keys.release(key_digest, claim)
        raise
    if answer.status >= SERVER_ERROR or answer.status == TOO_MANY_REQUESTS:
        await keys.release(key_digest, claim)
    else:
        await keys.complete(key_digest, claim, answer)
    return answer
