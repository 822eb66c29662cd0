"""Stored answers are unreadable at rest, and given again as they were."""

from angarium_chassis.sealing import Seal
from angarium_gateway.application.accept.idempotency import Answer, Claimed, Replayed
from angarium_gateway.application.accept.sealed_answers import SealedAnswers

from ..http.conftest import MemoryIdempotencyKeys

KEY, REQUEST = b"k" * 16, b"r" * 16
ANSWER = Answer(200, b'{"key":"whsec_abc"}')


async def _stored(keys: SealedAnswers, answer: Answer) -> None:
    claimed = await keys.claim(KEY, REQUEST)
    assert isinstance(claimed, Claimed)
    await keys.complete(KEY, claimed, answer)


async def test_an_answer_is_stored_sealed_and_replayed_in_the_clear() -> None:
    memory = MemoryIdempotencyKeys()
    keys = SealedAnswers(memory, Seal(bytes(32)))
    await _stored(keys, ANSWER)
    _, _, stored = memory.rows[KEY]
    assert stored is not None
    assert stored.status == 200
    assert b"whsec" not in stored.body
    assert await keys.claim(KEY, REQUEST) == Replayed(ANSWER)


async def test_an_answer_without_body_needs_no_seal() -> None:
    keys = SealedAnswers(MemoryIdempotencyKeys(), Seal(bytes(32)))
    await _stored(keys, Answer(204, b""))
    assert await keys.claim(KEY, REQUEST) == Replayed(Answer(204, b""))


async def test_an_answer_of_an_older_version_is_given_as_it_stands() -> None:
    memory = MemoryIdempotencyKeys()
    claimed = await memory.claim(KEY, REQUEST)
    assert isinstance(claimed, Claimed)
    await memory.complete(KEY, claimed, ANSWER)
    assert await SealedAnswers(memory, Seal(bytes(32))).claim(KEY, REQUEST) == Replayed(ANSWER)


async def test_a_released_key_is_new_again() -> None:
    keys = SealedAnswers(MemoryIdempotencyKeys(), Seal(bytes(32)))
    claimed = await keys.claim(KEY, REQUEST)
    assert isinstance(claimed, Claimed)
    await keys.release(KEY, claimed)
    assert isinstance(await keys.claim(KEY, REQUEST), Claimed)
