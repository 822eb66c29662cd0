"""FastStream's brokers of one Redis, a cluster or a service of Sentinel."""

from typing import Any, cast

from faststream.redis import RedisBroker, RedisClusterBroker, RedisSentinelBroker
from faststream.redis.configs import ConnectionState
from faststream.redis.configs.state import RedisClusterConnectionState

from .cluster_client import ClusterClient
from .redis_clients import primary_connection, sent_once, sentinel_options
from .redis_url import ClusterNodes, RedisAddress, SentinelService, SingleServer


def broker_at(address: RedisAddress, **options: Any) -> RedisBroker:
    """A FastStream broker whose client sends each command once."""
    options = options | sent_once()
    match address:
        case SingleServer(url):
            return RedisBroker(url, **options)
        case ClusterNodes(url, nodes):
            return _ClusterBroker(url, startup_nodes=nodes[1:], **options)
        case SentinelService(url, sentinels, service):
            return RedisSentinelBroker(
                url,
                sentinels=sentinels,
                sentinel_master_name=service,
                sentinel_kwargs=sentinel_options(address),
                **options,
                **primary_connection(url),
            )


class _ClusterState(RedisClusterConnectionState):
    """Connects with Angarium's client in place of redis-py's."""

    async def connect(self) -> ClusterClient:
        if self._client is None:
            given = {name: value for name, value in self._options.items() if value is not None}
            self._client = ClusterClient(**given)
            self._connected = True
        return cast("ClusterClient", self._client)


class _ClusterBroker(RedisClusterBroker):
    """FastStream's broker of a cluster, with Angarium's client."""

    def _make_connection_state(
        self, connection_options: dict[str, Any], kwargs: dict[str, Any]
    ) -> ConnectionState[Any]:
        return _ClusterState(connection_options)
