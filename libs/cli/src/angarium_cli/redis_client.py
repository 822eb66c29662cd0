"""A client of Redis for one command."""

from redis.asyncio import Redis
from redis.maint_notifications import MaintNotificationsConfig

_SOCKET_TIMEOUT_S = 8.0
_CONNECT_TIMEOUT_S = 3.0


def open_redis(url: str) -> Redis:
    """A client, which connects on use. The caller closes it."""
    return Redis.from_url(
        url,
        socket_timeout=_SOCKET_TIMEOUT_S,
        socket_connect_timeout=_CONNECT_TIMEOUT_S,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
