"""TLS, users and passwords on a cluster, and on a service of Sentinel that fails over."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from angarium_chassis.streams.broker import open_broker, redis_of, redis_problem
from angarium_cli.engines import ValkeyProcess, valkey
from angarium_cli.engines.server_process import free_port
from angarium_cli.redis_client import open_redis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from .tls_proxy import server_context, tls_proxy

AUTHORITY = trustme.CA()
CLIENTS = trustme.CA()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Has the servers' authority, and a client's certificate."""
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = CLIENTS.issue_cert("worker.example")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "client.crt")
    issued.private_key_pem.write_to_path(tmp_path / "client.key")
    return tmp_path


async def problem(url: str) -> str | None:
    """The sentence of readiness about Redis at the URL."""
    broker = open_broker(url)
    await broker.connect()
    try:
        return await redis_problem(broker)
    finally:
        await broker.stop()


@asynccontextmanager
async def one_node_cluster(folder: Path) -> AsyncIterator[ValkeyProcess]:
    node = ValkeyProcess(
        folder / "node",
        append_only=False,
        config={"cluster-enabled": "yes", "cluster-port": str(free_port("127.0.0.1"))},
    )
    admin: Any
    try:
        await asyncio.to_thread(node.start)
        async with Redis(host="127.0.0.1", port=node.port) as admin:
            await admin.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
            while b"cluster_state:ok" not in await admin.execute_command("CLUSTER", "INFO"):
                await asyncio.sleep(0.02)
        yield node
    finally:
        node.kill()


async def test_a_cluster_takes_tls_and_users_of_its_access_control_list(folder: Path) -> None:
    """Every node is reached so: the first one, and those that it names."""
    tls = (
        f"?ssl_ca_certs={folder}/ca.pem&ssl_check_hostname=no"
        f"&ssl_certfile={folder}/client.crt&ssl_keyfile={folder}/client.key"
    )
    # As the guide about TLS gives them, for one server too.
    rules = ["on", ">hun:ter@2", "~*", "&*", "+@all", "-@dangerous", "+info"]
    admin: Any
    async with (
        one_node_cluster(folder) as node,
        tls_proxy(node.port, server_context(AUTHORITY, clients=CLIENTS)) as proxy,
        Redis(host="127.0.0.1", port=node.port) as admin,
    ):
        await admin.config_set("cluster-announce-port", proxy.port)
        await admin.execute_command("ACL", "SETUSER", "angarium", *rules)

        def at(password: str) -> str:
            return f"rediss+cluster://angarium:{password}@127.0.0.1:{proxy.port}/{tls}"

        async with open_redis(at("hun%3Ater%402")) as redis:
            assert await redis.set("key", "value")
            assert await redis.get("key") == b"value"
        assert proxy.clients[-1] == "worker.example"
        assert await problem(at("hun%3Ater%402")) is None
        told = await problem(at("wrong"))
        assert told is not None
        assert "refuses the user or the password of ANGARIUM_REDIS_URL" in told
        assert "wrong" not in told


async def test_a_single_server_is_no_cluster(redis_url: str) -> None:
    told = await problem(redis_url.replace("redis://", "redis+cluster://"))
    assert told is not None
    assert "is no cluster" in told
    assert "redis://" in told


@asynccontextmanager
async def sentinel(folder: Path, primary: ValkeyProcess) -> AsyncIterator[int]:
    port = free_port("127.0.0.1")
    configuration = folder / "sentinel.conf"
    configuration.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\nrequirepass other\n"
        f"sentinel monitor main 127.0.0.1 {primary.port} 1\n"
        "sentinel auth-pass main secret\nsentinel down-after-milliseconds main 500\n"
        "sentinel failover-timeout main 3000\n"
    )
    process = subprocess.Popen(  # noqa: ASYNC220 - it is not waited for
        [str(valkey._binary()), str(configuration), "--sentinel"],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield port
    finally:
        process.kill()
        process.wait()


async def test_the_primary_that_sentinel_names_is_used_also_after_a_failover(folder: Path) -> None:
    primary = ValkeyProcess(folder / "primary", password="secret", append_only=False)
    replica: ValkeyProcess | None = None
    try:
        await asyncio.to_thread(primary.start)
        replica = ValkeyProcess(
            folder / "replica",
            password="secret",
            append_only=False,
            config={
                "replicaof": f"127.0.0.1 {primary.port}",
                "masterauth": "secret",
            },
        )
        await asyncio.to_thread(replica.start)
        async with sentinel(folder, primary) as port:
            at = f"redis+sentinel://:secret@127.0.0.1:{port}"
            url = f"{at}/main?sentinel_password=other"
            broker = open_broker(url)
            await broker.connect()
            redis: Any = redis_of(broker)
            await until_done(redis, "before")
            async with Redis.from_url(replica.url) as copy:
                while await copy.get("key") != b"before":
                    await asyncio.sleep(0.02)
            await until_named(port, "num-slaves", 1)
            primary.kill()
            await until_done(redis, "after")
            async with Redis.from_url(replica.url) as promoted:
                assert await promoted.get("key") == b"after"
            await broker.stop()
            assert await problem(url) is None
            told = await problem(f"{at}/other?sentinel_password=other")
            assert told is not None
            assert "Sentinel knows no primary" in told
    finally:
        primary.kill()
        if replica is not None:
            replica.kill()


async def until_done(redis: Any, value: str) -> None:
    while True:
        with suppress(RedisError, OSError):
            await redis.set("key", value)
            return
        await asyncio.sleep(0.05)


async def until_named(port: int, name: str, value: int) -> None:
    admin: Any
    async with Redis(port=port, password="other") as admin:
        while (await admin.sentinel_master("main"))[name] != value:
            await asyncio.sleep(0.05)
