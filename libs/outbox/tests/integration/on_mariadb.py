"""The suites of the outbox on MariaDB: `make test-outbox-mariadb`.

Needs `mariadbd` and `mariadb-install-db` (Debian: mariadb-server-core), or a server that
ANGARIUM_TEST_MARIADB_URL names, such as `mariadb://root@127.0.0.1:3306`.
"""

import asyncio
import itertools
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path

import aiomysql
import pytest
from sqlalchemy import make_url

from .test_killed_relays import *  # noqa: F403
from .test_migrations import (  # noqa: F401
    empty,
    test_a_producer_with_django_has_the_same_tables_and_its_events_are_posted,
    test_a_revision_creates_the_declared_tables_and_drops_them,
)
from .test_relay import *  # noqa: F403

_names = itertools.count(1)
READY_TRIES_MAX = 200


def free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"{name} is missing; install Debian's mariadb-server-core"
    return found


@pytest.fixture(scope="module")
def server(new_folder: Callable[[str], Path]) -> Iterator[str]:
    """The URL of a MariaDB server without a database."""
    given = os.environ.get("ANGARIUM_TEST_MARIADB_URL")
    if given:
        yield given
        return
    folder, port = new_folder("mariadb"), free_port()
    folder.mkdir()
    user = ["--user=root"] if os.getuid() == 0 else []
    subprocess.run(
        [
            program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={folder}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *user,
        ],
        check=True,
        capture_output=True,
    )
    process = subprocess.Popen(
        [
            program("mariadbd"),
            "--no-defaults",
            f"--datadir={folder}",
            f"--port={port}",
            f"--socket={folder}/mariadb.sock",
            "--bind-address=127.0.0.1",
            "--innodb-flush-log-at-trx-commit=0",
            *user,
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"mariadb://root@127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


async def connect(url: str) -> aiomysql.Connection:
    """A connection to the server, which may still be starting."""
    parts = make_url(url)
    address = (parts.host, parts.port or 3306)
    for _ in range(READY_TRIES_MAX):
        try:
            _, writer = await asyncio.open_connection(*address)
        except ConnectionRefusedError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            break
    return await aiomysql.connect(
        host=address[0],
        port=address[1],
        user=parts.username,
        password=parts.password or "",
        autocommit=True,
    )


@pytest.fixture
async def database_url(server: str) -> AsyncIterator[str]:
    """An empty database of its own."""
    name = f"outbox_{os.getpid()}_{next(_names)}"
    connection = await connect(server)
    cursor = await connection.cursor()
    await cursor.execute(f"create database {name} character set utf8mb4")
    url = make_url(server).set(drivername="mariadb+aiomysql", database=name)
    yield url.render_as_string(hide_password=False)
    await cursor.execute(f"drop database {name}")
    connection.close()
