"""Attempts under a lease: who is woken by their outcome, and when they leave their slots."""

import asyncio
from typing import Any

import pytest
from angarium_worker.application.delivery import leased_attempts
from angarium_worker.domain.delivery import Delivery, Lane
from angarium_worker.domain.verdict import QUEUED, Cancelled, Parked, Unsent, Verdict

from .delivery_scenarios import EMPTY


def leased_row(rig: Any, **members: Any) -> Delivery:
    """A pending delivery that this process holds."""
    row = EMPTY._replace(
        message_id=rig.new_id(), endpoint_id=rig.add_endpoint(), fence=1, **members
    )
    rig.ledger.pending[row.key] = row
    rig.ledger.due_at[row.key] = 0
    return row


def woken(rig: Any) -> tuple[bool, bool]:
    """True for the loop of retries, and for that of lanes, if it was woken."""
    return rig.retry_wake._notified.is_set(), rig.lane_wake._notified.is_set()


@pytest.mark.parametrize(
    ("verdict", "lane", "wakes"),
    [
        (Parked(0.5), None, (True, False)),
        (Parked(2.0), None, (False, False)),
        (QUEUED, Lane.RETRY, (False, True)),
        (Cancelled("gone"), None, (False, False)),
    ],
)
async def test_what_goes_on_wakes_the_loop_that_sends_it(
    rig: Any, verdict: Unsent, lane: Lane | None, wakes: tuple[bool, bool]
) -> None:
    told: list[tuple[Verdict, bool]] = []
    attempt = rig.worker.leased.take(leased_row(rig, lane=lane))
    rig.worker.leased.not_attempted(attempt, verdict, None, lambda *given: told.append(given))
    await rig.until_idle()

    assert woken(rig) == wakes
    assert told == [(verdict, True)]
    assert rig.counters.stale == 0
    cancelled = isinstance(verdict, Cancelled)
    assert (rig.counters.cancelled, rig.counters.parked) == (cancelled, not cancelled)


async def test_whoever_lost_the_fence_wakes_nobody(rig: Any) -> None:
    told: list[tuple[Verdict, bool]] = []
    row = leased_row(rig)
    attempt = rig.worker.leased.take(row)
    rig.ledger.pending[row.key] = row._replace(fence=2)
    rig.worker.leased.not_attempted(attempt, QUEUED, None, lambda *given: told.append(given))
    await rig.until_idle()

    assert woken(rig) == (False, False)
    assert (told, rig.counters.stale) == ([(QUEUED, False)], 1)
    assert rig.ledger.pending[row.key].fence == 2


async def test_each_attempt_leaves_its_slot_when_it_has_lasted_long_itself(
    start_rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_s = 0.05
    monkeypatch.setattr(leased_attempts, "SLOW_S", slow_s)
    rig = start_rig(retrying=True)
    loop = asyncio.get_running_loop()
    begun_s: list[float] = []
    slow_at_s: list[float] = []
    async with asyncio.timeout(5):
        for attempts in (1, 2):
            leased_row(rig, attempts_made=1)
            rig.retry_wake.notify(0)
            await rig.until_sent(attempts)
            begun_s.append(loop.time())
            if attempts == 1:
                await asyncio.sleep(slow_s / 2)
        while len(slow_at_s) < 2:
            if rig.slots.usage().slow > len(slow_at_s):
                slow_at_s.append(loop.time())
            await asyncio.sleep(0)
    assert slow_at_s[1] >= begun_s[1] + slow_s * 0.9
    assert rig.slots.usage()[:3] == (0, 2, 0)
    for sent in rig.sender.sent:
        sent.answer(200)
    await rig.until_idle()
    assert rig.slots.usage().slow == 0
