"""Several gateways on one database: one takes over what another leaves."""

from redis.asyncio import Redis

from .conftest import until
from .gateway_process import a_free_port, prepare, start_process


async def test_batches_of_a_killed_replica_are_adopted_by_another(
    postgres_url: str, redis_url: str
) -> None:
    site = await prepare(postgres_url, redis_url)
    doomed_port = a_free_port()
    doomed = await start_process(site, doomed_port)
    async with site.client(doomed_port) as client:
        await client.post(50)
    async with site.gateway(), site.client():
        doomed.kill()
        await doomed.wait()
        async with Redis.from_url(redis_url) as redis:
            await redis.flushall()
        assert await site.open_batches()
        async with site.services():
            await until(site.all_settled, 30)
    assert site.deliveries.counts == dict.fromkeys(client.accepted, 1)
