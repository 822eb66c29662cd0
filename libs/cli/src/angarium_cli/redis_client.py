"""A client of Redis for one command."""

from angarium_chassis.streams.redis_clients import client_at
from angarium_chassis.streams.redis_url import read_redis_url
from redis.asyncio import Redis

_SOCKET_TIMEOUT_S = 8.0
_CONNECT_TIMEOUT_S = 3.0


def open_redis(url: str) -> Redis:
    """A client, which connects on use. The caller closes it. Raises ValueError for a wrong URL."""
    return client_at(
        read_redis_url(url),
        socket_timeout=_SOCKET_TIMEOUT_S,
        socket_connect_timeout=_CONNECT_TIMEOUT_S,
    )
