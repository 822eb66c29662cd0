"""Attempts that were given up when their chunk closed."""

from typing import Any


async def test_what_was_given_up_no_longer_waits_for_its_endpoint(start_rig: Any) -> None:
    rig = start_rig(linger_s=0.01)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    for _ in range(18):
        await rig.take(rig.chunk([endpoint]))
    assert len(rig.sender.sent) == 16
    assert len(rig.guards.of(endpoint).waiters) == 2
    await rig.until_settled(18)
    assert len(rig.guards.of(endpoint).waiters) == 0
    assert [row.lane is None for row in rig.ledger.pending.values()] == [True] * 16 + [False] * 2
