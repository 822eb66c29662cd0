"""TLS to Postgres and Redis: who is trusted, and what each refusal says."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import trustme
from angarium_chassis.database.engine import open_database
from angarium_chassis.streams.broker import open_broker, redis_of, redis_problem
from angarium_cli.redis_client import open_redis
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError
from sqlalchemy import make_url, text

from .tls_proxy import server_context, tls_proxy

type NewUrl = Callable[[], Awaitable[str]]

AUTHORITY = trustme.CA()
STRANGER = trustme.CA()
CLIENTS = trustme.CA()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Has the files of both sides' authorities, and a client's certificate."""
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    STRANGER.cert_pem.write_to_path(tmp_path / "stranger.pem")
    issued = CLIENTS.issue_cert("worker.example")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "client.crt")
    issued.private_key_pem.write_to_path(tmp_path / "client.key")
    return tmp_path


async def connected(url: str) -> bool:
    """True if Postgres answers at the URL."""
    database = open_database(url, connections_max=2)
    try:
        return await database.problem() is None
    finally:
        await database.close()


def through(url: str, port: int, folder: Path, *, host: str = "127.0.0.1", **query: str) -> str:
    """A URL of Postgres with another port; values that are names of files get their folder."""
    full = {name: str(folder / value) if "." in value else value for name, value in query.items()}
    parsed = make_url(url).set(host=host, port=port).update_query_dict(full)
    return parsed.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("query", "host", "works"),
    [
        ({"sslmode": "disable"}, "127.0.0.1", False),
        ({"sslmode": "allow"}, "127.0.0.1", True),
        ({"sslmode": "prefer"}, "127.0.0.1", True),
        ({"sslmode": "require"}, "127.0.0.1", True),
        ({"sslmode": "verify-ca", "sslrootcert": "ca.pem"}, "127.0.0.1", True),
        ({"sslmode": "verify-ca", "sslrootcert": "stranger.pem"}, "127.0.0.1", False),
        ({"sslmode": "verify-full", "sslrootcert": "ca.pem"}, "localhost", True),
        ({"sslmode": "verify-full", "sslrootcert": "ca.pem"}, "127.0.0.1", False),
        ({"sslmode": "verify-full", "sslrootcert": "stranger.pem"}, "localhost", False),
        ({"sslmode": "verify-full", "sslrootcert": "system"}, "localhost", False),
    ],
)
async def test_sslmode_decides_whom_postgres_must_prove_to_be(
    postgres_url: str, folder: Path, query: dict[str, str], host: str, works: bool
) -> None:
    port = make_url(postgres_url).port
    assert port is not None
    async with tls_proxy(port, server_context(AUTHORITY), postgres=True) as proxy:
        url = through(postgres_url, proxy.port, folder, host=host, **query)

        assert await connected(url) is works
        assert bool(proxy.clients) >= works


async def test_postgres_takes_the_certificate_of_the_client(
    postgres_url: str, folder: Path
) -> None:
    port = make_url(postgres_url).port
    assert port is not None
    context = server_context(AUTHORITY, clients=CLIENTS)
    certificate = {"sslcert": "client.crt", "sslkey": "client.key"}
    async with tls_proxy(port, context, postgres=True) as proxy:
        without = through(postgres_url, proxy.port, folder, sslmode="require")
        assert not await connected(without)
        url = through(postgres_url, proxy.port, folder, sslmode="require", **certificate)
        database = open_database(url, connections_max=2)
        async with database.engine.connect() as connection:
            assert await connection.scalar(text("select 1")) == 1
        await database.close()

        assert proxy.clients[-1] == "worker.example"


async def problem(url: str) -> str | None:
    """The sentence of readiness about Redis at the URL."""
    broker = open_broker(url)
    await broker.connect()
    try:
        return await redis_problem(broker)
    finally:
        await broker.stop()


def redis_at(port: int, *, user: str = "", host: str = "localhost", **query: str) -> str:
    return f"rediss://{user}{host}:{port}/0?{urlencode(query)}"


async def test_redis_must_prove_who_it_is(redis_url: str, folder: Path) -> None:
    port = make_url(redis_url).port or 6379
    authorities = {"ssl_ca_certs": str(folder / "ca.pem")}
    async with tls_proxy(port, server_context(AUTHORITY)) as proxy:
        assert await problem(redis_at(proxy.port, **authorities)) is None
        for url in (
            redis_at(proxy.port),
            redis_at(proxy.port, ssl_ca_certs=str(folder / "stranger.pem")),
            redis_at(proxy.port, host="127.0.0.1", **authorities),
        ):
            told = await problem(url)
            assert told is not None
            assert "certificate is not trusted" in told
            assert "see ANGARIUM_REDIS_URL" in told
        unnamed = redis_at(proxy.port, host="127.0.0.1", ssl_check_hostname="no", **authorities)
        assert await problem(unnamed) is None


async def test_redis_takes_the_certificate_of_the_client(redis_url: str, folder: Path) -> None:
    port = make_url(redis_url).port or 6379
    authorities = {"ssl_ca_certs": str(folder / "ca.pem")}
    certificate = {
        "ssl_certfile": str(folder / "client.crt"),
        "ssl_keyfile": str(folder / "client.key"),
    }
    async with tls_proxy(port, server_context(AUTHORITY, clients=CLIENTS)) as proxy:
        assert await problem(redis_at(proxy.port, **authorities)) is not None
        assert await problem(redis_at(proxy.port, **authorities, **certificate)) is None
        # The command has the same URL.
        async with open_redis(redis_at(proxy.port, **authorities, **certificate)) as redis:
            assert await redis.ping()

        assert proxy.clients[-1] == "worker.example"


async def test_redis_takes_users_of_its_access_control_list(redis_url: str, folder: Path) -> None:
    port = make_url(redis_url).port or 6379
    authorities = {"ssl_ca_certs": str(folder / "ca.pem")}
    admin: Any
    client: Any
    async with Redis.from_url(redis_url) as admin:
        rules = ["on", ">hun:ter@2", "~*", "&*", "+@all", "-flushall"]
        await admin.execute_command("ACL", "SETUSER", "angarium", *rules)
        try:
            async with tls_proxy(port, server_context(AUTHORITY)) as proxy:
                url = redis_at(proxy.port, user="angarium:hun%3Ater%402@", **authorities)
                broker = open_broker(url)
                await broker.connect()
                client = redis_of(broker)
                assert await client.execute_command("ACL", "WHOAMI") == b"angarium"
                with pytest.raises(NoPermissionError):
                    await client.flushall()
                await broker.stop()

                told = await problem(redis_at(proxy.port, user="angarium:wrong@", **authorities))
                assert told is not None
                assert "refuses the user or the password of ANGARIUM_REDIS_URL" in told
                assert "wrong" not in told
        finally:
            await admin.execute_command("ACL", "DELUSER", "angarium")
