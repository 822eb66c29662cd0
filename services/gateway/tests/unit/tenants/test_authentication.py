"""Who calls: looked up once, remembered for a moment, forgotten when revoked."""

import asyncio
import os
from dataclasses import replace

import pytest
from angarium_gateway.application.tenants import authentication
from angarium_gateway.application.tenants.authentication import (
    Authenticator,
    Caller,
    LoginFailure,
)
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.api_tokens import new_token
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import KeyScope

CALLER = Caller(b"t" * 16, b"k" * 16)


class KeysModel:
    """The port `ApiKeys`: knows some hashes; answers when `answering` is set."""

    def __init__(self, *tokens: str) -> None:
        self.known = {token_hash(token): CALLER for token in tokens}
        self.looks = 0
        self.down = False
        self.answering = asyncio.Event()
        self.answering.set()

    async def find(self, token_hash: bytes) -> Caller | LoginFailure:
        self.looks += 1
        found = self.known.get(token_hash, LoginFailure.UNKNOWN)
        await self.answering.wait()
        if self.down:
            raise JournalUnavailable("away")
        return found


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def keys() -> KeysModel:
    return KeysModel("good")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authenticator(keys: KeysModel, clock: Clock) -> Authenticator:
    return Authenticator(keys, KeysModel(), clock, fresh_s=1.0)


async def test_a_caller_is_looked_up_once_while_the_answer_is_fresh(
    authenticator: Authenticator, keys: KeysModel, clock: Clock
) -> None:
    assert authenticator.remembered("good") is None
    assert await authenticator.caller("good") == CALLER
    clock.now_s += 0.7
    assert authenticator.remembered("good") == CALLER
    assert await authenticator.caller("good") == CALLER
    assert keys.looks == 1
    clock.now_s += 0.4
    assert authenticator.remembered("good") is None
    assert await authenticator.caller("good") == CALLER
    assert keys.looks == 2


async def test_a_revoked_key_is_refused_once_the_answer_is_no_longer_fresh(
    authenticator: Authenticator, keys: KeysModel, clock: Clock
) -> None:
    await authenticator.caller("good")
    keys.known.clear()
    clock.now_s += 1.1
    assert await authenticator.caller("good") is LoginFailure.UNKNOWN
    assert authenticator.remembered("good") is None


async def test_a_token_in_use_is_looked_up_again_before_a_request_must_wait_for_it(
    authenticator: Authenticator, keys: KeysModel, clock: Clock
) -> None:
    await authenticator.caller("good")
    keys.answering.clear()
    clock.now_s += 0.8
    for _ in range(3):
        assert authenticator.remembered("good") == CALLER
        await asyncio.sleep(0)
    assert keys.looks == 2
    keys.answering.set()
    assert await authenticator.again("good") == CALLER
    clock.now_s += 0.7
    assert authenticator.remembered("good") == CALLER
    assert keys.looks == 2


async def test_a_key_that_was_revoked_is_refused_as_soon_as_it_is_looked_up_again(
    authenticator: Authenticator, keys: KeysModel, clock: Clock
) -> None:
    await authenticator.caller("good")
    keys.known.clear()
    clock.now_s += 0.8
    assert authenticator.remembered("good") == CALLER
    assert await authenticator.again("good") is LoginFailure.UNKNOWN
    assert authenticator.remembered("good") is None


async def test_a_look_up_that_nobody_waits_for_may_fail(
    authenticator: Authenticator, keys: KeysModel, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await authenticator.caller("good")
    keys.down = True
    clock.now_s += 0.8
    assert authenticator.remembered("good") == CALLER
    while keys.looks < 2 or authenticator._looking:
        await asyncio.sleep(0)
    assert authenticator.remembered("good") == CALLER
    clock.now_s += 0.3
    with pytest.raises(JournalUnavailable):
        await authenticator.caller("good")
    assert not caplog.records


async def test_freshness_counts_from_the_question_not_from_a_slow_answer(
    authenticator: Authenticator, keys: KeysModel, clock: Clock
) -> None:
    keys.answering.clear()
    asking = asyncio.ensure_future(authenticator.caller("good"))
    while not keys.looks:
        await asyncio.sleep(0)
    keys.known.clear()
    clock.now_s += 5
    keys.answering.set()
    assert await asking == CALLER
    assert authenticator.remembered("good") is None
    assert await authenticator.caller("good") is LoginFailure.UNKNOWN


async def test_unknown_tokens_are_not_remembered(
    authenticator: Authenticator, keys: KeysModel
) -> None:
    assert await authenticator.caller("bad") is LoginFailure.UNKNOWN
    keys.known[token_hash("bad")] = CALLER
    assert await authenticator.caller("bad") == CALLER


async def test_many_at_once_share_one_look_up(
    authenticator: Authenticator, keys: KeysModel
) -> None:
    keys.answering.clear()
    callers = [asyncio.ensure_future(authenticator.caller("good")) for _ in range(20)]
    await asyncio.sleep(0)
    keys.answering.set()
    assert await asyncio.gather(*callers) == [CALLER] * 20
    assert keys.looks == 1


async def test_one_who_goes_away_does_not_end_the_look_up_of_the_others(
    authenticator: Authenticator, keys: KeysModel
) -> None:
    keys.answering.clear()
    leaving = asyncio.ensure_future(authenticator.caller("good"))
    staying = asyncio.ensure_future(authenticator.caller("good"))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    keys.answering.set()
    assert await staying == CALLER
    assert leaving.cancelled()


async def test_a_database_that_is_away_is_told_to_all_and_asked_again_by_the_next(
    authenticator: Authenticator, keys: KeysModel, clock: Clock
) -> None:
    keys.down = True
    outcomes = await asyncio.gather(
        *[authenticator.caller("good") for _ in range(3)], return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [JournalUnavailable] * 3
    keys.down = False
    assert await authenticator.caller("good") == CALLER


async def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "CALLERS_MAX", 3)
    tokens = [f"token-{number}" for number in range(10)]
    authenticator = Authenticator(KeysModel(*tokens), KeysModel(), clock)
    for token in tokens:
        await authenticator.caller(token)
    assert [token for token in tokens if authenticator.remembered(token)] == tokens[-3:]


async def test_a_token_with_a_wrong_checksum_is_told_as_mistyped(
    authenticator: Authenticator, keys: KeysModel
) -> None:
    token = new_token(os.urandom)
    mistyped = token[:-1] + ("0" if token[-1] != "0" else "1")
    assert await authenticator.caller(token) is LoginFailure.UNKNOWN
    assert await authenticator.caller(mistyped) is LoginFailure.MISTYPED
    assert await authenticator.caller("") is LoginFailure.MISSING


async def test_a_chosen_token_needs_no_checksum(
    authenticator: Authenticator, keys: KeysModel
) -> None:
    keys.known[token_hash("ang_sk_chosen-by-hand")] = CALLER
    assert await authenticator.caller("ang_sk_chosen-by-hand") == CALLER


async def test_a_use_is_noted_with_the_look_up_and_not_with_every_request(
    keys: KeysModel, clock: Clock
) -> None:
    used: list[bytes] = []
    authenticator = Authenticator(keys, KeysModel(), clock, on_use=used.append)
    for _ in range(5):
        await authenticator.caller("good")
    await authenticator.caller("bad")
    assert used == [CALLER.key_id]
    clock.now_s += 1.1
    await authenticator.caller("good")
    assert used == [CALLER.key_id] * 2


@pytest.mark.parametrize("admins_operate", [True, False])
@pytest.mark.parametrize("scope", list(KeyScope))
async def test_only_keys_of_the_scope_admin_operate_the_platform_and_only_if_they_may(
    clock: Clock, scope: KeyScope, admins_operate: bool
) -> None:
    keys = KeysModel("good")
    keys.known[token_hash("good")] = replace(CALLER, grant=scope)
    authenticator = Authenticator(
        keys, KeysModel(), clock, fresh_s=1.0, admins_operate=admins_operate
    )
    found = await authenticator.caller("good")
    assert isinstance(found, Caller)
    assert found.operates is (scope is KeyScope.ADMIN and admins_operate)
