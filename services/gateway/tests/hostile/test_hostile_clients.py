"""Two hundred hostile clients at once of each kind.

Whatever they do, the gateway ends every connection by itself, stays small, answers others as soon
as beside good clients, and tells that it lives.
"""

import asyncio
from dataclasses import dataclass

import aiohttp

from .conftest import GatewayUnderAttack, Watched

GROWTH_BYTES_MAX = 50 * 1024 * 1024
# Two hundred good clients that come at once hold others up as well: they are the yardstick. What
# else the machine does can only add to a wait, so that one of a few tries must show it.
SLOWER_MAX = 2
TRIES = 8

# The kernel's reset may overtake the answer of a client that does not stop sending.
CUT_OFF = "None"
ENDS = {
    "says_nothing": {CUT_OFF},
    "half_a_head": {"408"},
    "drips_the_head": {"408"},
    "drips_the_body": {"408"},
    "endless_url": {"414", CUT_OFF},
    "endless_header": {"431", CUT_OFF},
    "countless_headers": {"431", CUT_OFF},
    "endless_trailers": {"431", CUT_OFF},
    "tiny_chunks": {"400", CUT_OFF},
    "endless_chunk_extension": {"431", CUT_OFF},
    "endless_body_of_a_stranger": {"401", CUT_OFF},
    "pipelined_requests_without_end": {"204", CUT_OFF},
    "two_lengths": {"400"},
    "unknown_key": {"401"},
}


def p99(took_s: list[float]) -> float:
    return sorted(took_s)[int(len(took_s) * 0.99)]


@dataclass
class Crowded:
    """What became of a crowd, and of the good client beside it."""

    seen: dict[str, int]
    watched: Watched

    @property
    def p99_s(self) -> float:
        """Of the good client's requests."""
        took_s = sorted(self.watched.took_s)
        return took_s[int(len(took_s) * 0.99)]


async def beside_a_crowd(gateway: GatewayUnderAttack, kind: str) -> Crowded:
    attack = asyncio.create_task(gateway.attack(kind))
    watched = await gateway.watch_until(attack)
    return Crowded(await attack, watched)


async def test_hostile_clients_cost_others_no_more_than_good_ones_would(
    gateway: GatewayUnderAttack,
) -> None:
    await beside_a_crowd(gateway, "behaves")
    for kind, ends in ENDS.items():
        waits = []
        for _ in range(TRIES):
            hostile = await beside_a_crowd(gateway, kind)
            good = await beside_a_crowd(gateway, "behaves")
            assert good.seen == {"204": 200}
            assert hostile.seen.keys() <= ends, kind
            assert sum(hostile.seen.values()) == 200, kind
            assert hostile.watched.statuses == {202}, kind
            assert hostile.watched.growth_bytes <= GROWTH_BYTES_MAX, kind
            waits.append((hostile.p99_s, good.p99_s))
            if hostile.p99_s <= SLOWER_MAX * good.p99_s:
                break
        assert any(bad <= SLOWER_MAX * beside_good for bad, beside_good in waits), (kind, waits)


async def test_at_the_public_ports_limit_the_internal_port_answers(
    small_gateway: GatewayUnderAttack,
) -> None:
    connections = [
        await asyncio.open_connection("127.0.0.1", small_gateway.site.port) for _ in range(150)
    ]
    refused = await asyncio.wait_for(connections[-1][0].read(), 60)
    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"too_many_connections" in refused
    async with aiohttp.ClientSession(small_gateway.internal) as session:
        for path in ("/live", "/ready"):
            async with session.get(path) as answer:
                assert answer.status == 200
        async with session.get("/metrics") as answer:
            assert 'angarium_http_refused_total{code="too_many_connections"}' in await answer.text()
    for _, writer in connections:
        writer.close()
