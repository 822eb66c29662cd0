"""Two hundred hostile clients at once of each kind.

Whatever they do, the gateway ends every connection by itself, stays small, answers others as it
does alone, and tells that it lives.
"""

import asyncio
from statistics import median

import aiohttp

from .conftest import GatewayUnderAttack

GROWTH_BYTES_MAX = 50 * 1024 * 1024
SLOWER_MAX = 2
WATCHED_S = 1.0
WARM_UP_S = 1.5

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


async def test_hostile_clients_cost_only_themselves(gateway: GatewayUnderAttack) -> None:
    await gateway.watch(WARM_UP_S)
    alone_s: list[float] = []
    attacked_s: list[float] = []
    for kind, ends in ENDS.items():
        alone = await gateway.watch(WATCHED_S)
        attack = asyncio.create_task(gateway.attack(kind))
        attacked = await gateway.watch(WATCHED_S)
        seen = await attack
        assert seen.keys() <= ends, kind
        assert sum(seen.values()) == 200, kind
        assert alone.statuses == attacked.statuses == {202}, kind
        assert attacked.growth_bytes <= GROWTH_BYTES_MAX, kind
        alone_s += alone.took_s
        attacked_s += attacked.took_s
    assert median(attacked_s) <= SLOWER_MAX * median(alone_s)
    assert p99(attacked_s) <= SLOWER_MAX * p99(alone_s)


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
