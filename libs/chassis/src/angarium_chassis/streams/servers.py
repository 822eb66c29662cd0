"""Questions to the servers behind a client: to one Redis, or to the primaries of a cluster."""

from typing import Any

from redis.asyncio import Redis

from .cluster_client import ClusterClient


async def server_time(redis: Redis, key: str) -> tuple[int, int]:
    """The time by the clock of the server that has `key`: seconds and microseconds."""
    if isinstance(redis, ClusterClient):
        return await redis.time_of(key)
    return await redis.time()


async def server_runs(redis: Redis, keys: list[str]) -> list[str]:
    """The run of the server that has each key: another one after a restart, and where another
    server has taken the key over."""
    if not isinstance(redis, ClusterClient):
        info: Any = await redis.info("server")
        return [str(info["run_id"])] * len(keys)
    runs: dict[str, str] = {}
    found = []
    for key in keys:
        name = (await redis.owner_of(key)).name
        if name not in runs:
            runs[name] = str((await redis.info_of(key, "server"))["run_id"])
        found.append(runs[name])
    return found


async def server_infos(redis: Redis, *sections: str) -> list[dict[str, Any]]:
    """INFO of the server, or of each primary of a cluster."""
    if isinstance(redis, ClusterClient):
        return await redis.infos(*sections)
    return [await redis.info(*sections)]
