"""A client of Redis for one command."""

from angarium_chassis.streams.redis_url import check_redis_url
from redis.asyncio import Redis
from redis.maint_notifications import MaintNotificationsConfig

_SOCKET_TIMEOUT_S = 8.0
_CONNECT_TIMEOUT_S = 3.0


def open_redis(url: str) -> Redis:
    """A client, which connects on use. The caller closes it. Raises ValueError for a wrong URL."""
    check_redis_url(url)
    return Redis.from_url(
        url,
        socket_timeout=_SOCKET_TIMEOUT_S,
        socket_connect_timeout=_CONNECT_TIMEOUT_S,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
