"""RabbitMQ on loopback, with data and ports of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from angarium_cli.dev.ports import LOOPBACK, free_ports
from server_program import environment_of, find_program, running_program

_REMEDY = "apt-get install rabbitmq-server (Debian), or your system's package"
# Debian's own scripts, without the wrapper that changes to another user.
_PROGRAMS = ("/usr/lib/rabbitmq/bin", "/usr/sbin")
_HEADER = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01"
_ANSWER_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class RabbitMQ:
    """A running broker; the guest user may do everything, from this machine."""

    url: str
    pids: dict[str, int]


def find_rabbitmq() -> tuple[str, str]:
    """The paths of the server's script and of epmd. Raises `PeerMissing`."""
    return (
        find_program("rabbitmq-server", before=_PROGRAMS, remedy=_REMEDY),
        find_program("epmd", remedy=_REMEDY),
    )


@asynccontextmanager
async def running_rabbitmq(folder: Path) -> AsyncIterator[RabbitMQ]:
    """A broker with its data in `folder`, ended at the end. Raises `PeerMissing` where RabbitMQ is
    not installed."""
    script, mapper = find_rabbitmq()
    port, distribution_port, mapper_port = free_ports(3)
    environment = _configured(folder, port, distribution_port, mapper_port)
    # Erlang's port mapper, in the foreground: the broker would start one that stays behind.
    async with (
        running_program([mapper], folder, environment, lambda: _accepts(mapper_port)) as mapper_pid,
        running_program([script], folder, environment, lambda: _speaks_amqp(port)) as pid,
    ):
        pids = {"rabbitmq": pid, "epmd": mapper_pid}
        yield RabbitMQ(f"amqp://guest:guest@{LOOPBACK}:{port}/", pids)


def _configured(
    folder: Path, port: int, distribution_port: int, mapper_port: int
) -> dict[str, str]:
    """Write a configuration; gives the environment that has the broker use it, and no other."""
    folder.mkdir()
    plugins, configuration = folder / "enabled_plugins", folder / "rabbitmq.conf"
    plugins.write_text("[].\n")
    configuration.write_text(f"listeners.tcp.1 = {LOOPBACK}:{port}\nlog.console = true\n")
    return environment_of(
        folder,
        {
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(mapper_port),
            "RABBITMQ_CONFIG_FILE": str(configuration),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_NODENAME": f"peers-{port}@localhost",
            "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        },
    )


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True


async def _speaks_amqp(port: int) -> bool:
    """True if the broker answers AMQP's header with its first method, Connection.Start."""
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    try:
        async with asyncio.timeout(_ANSWER_TIMEOUT_S):
            writer.write(_HEADER)
            return await reader.read(1) == _METHOD_FRAME
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
