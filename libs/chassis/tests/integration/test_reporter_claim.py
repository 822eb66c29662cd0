"""One replica at a time reports a figure of the whole platform."""

from angarium_chassis.metrics.reporter_claim import ReporterClaim
from angarium_contracts.stream_names import reporter
from redis.asyncio import Redis


async def test_one_replica_reports_until_its_claim_ends(redis: Redis) -> None:
    first, second = (ReporterClaim(lambda: redis, "worker", name) for name in ("one", "two"))

    assert [await first.held(), await second.held(), await first.held()] == [True, False, True]
    await redis.delete(reporter("worker"))  # as it ends by itself
    assert [await second.held(), await first.held()] == [True, False]


async def test_a_claim_ends_unless_it_is_renewed(redis: Redis) -> None:
    claim = ReporterClaim(lambda: redis, "worker", "one", life_s=30)
    await claim.held()
    await redis.pexpire(reporter("worker"), 1_000)

    assert await claim.held()

    assert await redis.pttl(reporter("worker")) > 20_000


async def test_the_last_reporter_goes_on_while_redis_is_away(redis: Redis) -> None:
    first, second = (ReporterClaim(lambda: place[0], "worker", name) for name in ("one", "two"))
    place = [redis]
    await first.held()
    await second.held()
    place[0] = Redis(port=1)

    assert [await first.held(), await second.held()] == [True, False]
