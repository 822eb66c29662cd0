"""Clients of one Redis, a cluster or a service of Sentinel, by the URL of the setting."""

from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelManagedSSLConnection
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from .cluster_client import ClusterClient
from .redis_url import (
    ClusterNodes,
    RedisAddress,
    SentinelService,
    SingleServer,
)

SENTINEL_TIMEOUT_S = 2.0


def _calm() -> dict[str, Any]:
    # With maintenance notifications, redis-py hands out pooled connections that a restarted server
    # has closed. Without them, it notices and connects again.
    return {"maint_notifications_config": MaintNotificationsConfig(enabled=False)}


def sent_once() -> dict[str, Any]:
    """Options of a client that sends each command once."""
    # By default redis-py tries a failed command ten times, including one whose response was lost,
    # which would add entries twice. Only the caller knows which commands are safe to repeat.
    return {**_calm(), "retry": Retry(NoBackoff(), 0)}


def client_at(address: RedisAddress, **options: Any) -> Redis:
    """A client, which connects on use. The caller closes it."""
    match address:
        case SingleServer(url):
            return Redis.from_url(url, **options, **_calm())
        case ClusterNodes(url, nodes):
            given = _cluster_options(url)
            startup = [ClusterNode(host, port) for host, port in nodes]
            client = ClusterClient(startup_nodes=startup, **given, **options, **sent_once())
            return cast("Redis", client)
        case SentinelService(url, sentinels, service):
            given = {**parse_url(url), **primary_connection(url)}
            given.pop("host", None)
            given.pop("port", None)
            manager = Sentinel(sentinels, sentinel_kwargs=sentinel_options(address))  # type: ignore[no-untyped-call]
            primary: Redis = manager.master_for(service, **given, **options, **_calm())
            return primary


def _cluster_options(url: str) -> dict[str, Any]:
    given: dict[str, Any] = dict(parse_url(url))
    given.pop("host", None)
    given.pop("port", None)
    if given.pop("connection_class", None) is SSLConnection:
        given["ssl"] = True
    return given


def primary_connection(url: str) -> dict[str, Any]:
    """The class of connections that ask Sentinel for the primary, where it is not the default."""
    secure = url.startswith("rediss:")
    return {"connection_class": SentinelManagedSSLConnection} if secure else {}


def sentinel_options(address: SentinelService) -> dict[str, Any]:
    """Options of the connections to the Sentinels themselves."""
    given: dict[str, Any] = dict(parse_url(address.url))
    tls = {name: value for name, value in given.items() if name.startswith("ssl_")}
    return {
        **tls,
        **address.credentials,
        "ssl": address.url.startswith("rediss:"),
        "socket_timeout": SENTINEL_TIMEOUT_S,
        "socket_connect_timeout": SENTINEL_TIMEOUT_S,
        **sent_once(),
    }
