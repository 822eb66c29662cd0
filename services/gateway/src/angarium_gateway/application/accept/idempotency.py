"""Idempotent POST requests: a repeat under the same Idempotency-Key gets the stored answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, assert_never

KEPT_FOR = timedelta(hours=24)
"""Answers are kept for this long; afterwards the key counts as unused."""

ABANDONED_AFTER = timedelta(seconds=60)
"""A request that is in flight for longer is taken for lost with its gateway, and its key may be
used again."""

TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, stored to be repeated unchanged."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Claimed:
    """This request holds the key since `at`, which is unique among the claims of the key."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """The request has been answered before."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class InFlight:
    """The same request is being processed."""


@dataclass(frozen=True, slots=True)
class UsedForAnother:
    """The key was used with another request."""


type Claim = Claimed | Replayed | InFlight | UsedForAnother
type Outcome = Answer | Replayed | InFlight | UsedForAnother


class IdempotencyKeys(Protocol):
    """The keys in use, durable and shared by all gateways. Digests are 16 bytes."""

    async def claim(self, key_digest: bytes, request_digest: bytes) -> Claim:
        """Claim a key for a request, or return why it cannot be claimed. A claim that is older
        than `KEPT_FOR`, or in flight for longer than `ABANDONED_AFTER`, is taken over."""

    async def complete(self, key_digest: bytes, claimed: Claimed, answer: Answer) -> None:
        """Store the answer, unless the claim was taken over."""

    async def release(self, key_digest: bytes, claimed: Claimed) -> None:
        """Release the key, unless the claim was taken over."""


async def answer_once(
    keys: IdempotencyKeys,
    key_digest: bytes,
    request_digest: bytes,
    work: Callable[[], Awaitable[Answer]],
) -> Outcome:
    """Run `work` unless it has been or is being run under this key.

    5xx and 429 answers are not stored, because a repeat may succeed. When `work` is cancelled, its
    effect is unknown: the claim is kept, and ends after `ABANDONED_AFTER`.
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
