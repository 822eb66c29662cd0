"""The whole platform as separate processes, with every connection within reach of the suite.

Two processes of each service on a Postgres (fsync on) and a Valkey of the stage's own. Each
service reaches each engine, and the workers their receivers, through a `Link`.
"""

import asyncio
import base64
import math
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from typing import Self
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
import redis
from angarium_cli.engines import PostgresProcess, ValkeyCluster, ValkeyProcess

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import api_client  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .link import Link, State
from .loop_thread import LoopThread
from .member import Keeper, Member
from .steady_load import SteadyLoad

SERVICES = ("gateway", "dispatcher", "worker")
REPLICAS = 2
RATE = 120.0
# Leases as short as the settings allow, so that what a dead process held moves on soon. On a busy
# machine a record may take longer than that: an entry would be delivered by two, without a fault.
ENTRY_LEASE_S = 2.0
SHORT_LEASES = {
    "ANGARIUM_ATTEMPT_TIMEOUT_S": "2",
    "ANGARIUM_RETRY_LEASE_S": "7",
    "ANGARIUM_STATISTICS_EVERY_S": "1",
    "ANGARIUM_RETRY_SCHEDULE": "500ms,1s,1s,2s,2s,5s,5s,10s,10s,10s",
}
CREATE_TRIES_MAX = 10

_ENGINES_START = Lock()
"""A preloaded library is in the environment meanwhile: it is one stage's."""


class Stage:
    """Starts everything on `with`, and ends it. Bounds of time are longer by `patience`: for a
    machine that does other things besides."""

    def __init__(
        self,
        folder: Path,
        *,
        replicas: int = REPLICAS,
        patience: float = 1.0,
        rate: float = RATE,
        load_after_s_max: float = math.inf,
        postgres: PostgresProcess | None = None,
        key_options: Sequence[str] = ("--new-tenant",),
        **settings: str,
    ) -> None:
        self.folder = folder
        self.postgres = postgres or PostgresProcess(folder / "postgres")
        self.valkey = ValkeyProcess(folder / "valkey", append_only=True)
        self.streams: ValkeyProcess | ValkeyCluster = self.valkey
        """The server or servers that carry the streams."""
        self.keeper = Keeper()
        self.thread = LoopThread()
        self.links: dict[str, Link] = {}
        self.database_urls: dict[str, str] = {}
        """Straight to the databases, past the links; for asyncpg."""
        self.key = ""
        self.patience = patience
        self.rate = rate
        """Messages a second of a trial that has no rate of its own."""
        self.load_after_s_max = load_after_s_max
        """How long the load goes on after a fault, at most."""
        self._replicas = replicas
        self._key_options = key_options
        self._given = settings
        self.settings: dict[str, str] = {}
        """What every process gets."""
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._opened:
            self._start()
            self._opened = self._opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _start(self) -> None:
        with _ENGINES_START:
            for engine in (self.postgres, self.streams):
                engine.start()
                self._opened.callback(engine.stop)
        self._opened.enter_context(self.thread)
        self._opened.callback(lambda: [self.thread.run(link.stop()) for link in self._all_links()])
        self._client = self._opened.enter_context(httpx.Client(timeout=4, trust_env=False))
        self.settings = self._common() | self._given
        migrated = run_angarium(["migrate", "all"], **self.settings)
        assert migrated.returncode == 0, migrated.stderr
        made = run_angarium(["keys", "create", "faults", *self._key_options], **self.settings)
        assert made.returncode == 0, made.stderr
        self.key = made.stdout.strip()
        self._opened.enter_context(self.keeper)
        for service in SERVICES:
            for number in range(self._replicas):
                self.add(service, number).start()
        self.await_ready()

    def _common(self) -> dict[str, str]:
        urls = {}
        for service in SERVICES:
            name = f"faults_{service}_{uuid4().hex[:8]}"
            asyncio.run(self.postgres.create_database(name))
            self.database_urls[service] = self.postgres.uri(name)
            link = self.open_link(f"{service}-postgres", ("127.0.0.1", self.postgres.port))
            urls[f"ANGARIUM_{service.upper()}_DATABASE_URL"] = _through(
                self.postgres.uri(name, driver="asyncpg"), link.port
            )
            self._link_streams(service)
        return (
            urls
            | SHORT_LEASES
            | {
                "ANGARIUM_ENTRY_LEASE_S": f"{ENTRY_LEASE_S * self.patience:g}",
                "ANGARIUM_REDIS_URL": self.streams.url,
                "ANGARIUM_ENCRYPTION_KEY": base64.b64encode(os.urandom(32)).decode(),
                "ANGARIUM_EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
                "ANGARIUM_ALLOW_HTTP_ENDPOINTS": "true",
                "ANGARIUM_DATABASE_CONNECTIONS_MAX": "4",
                "ANGARIUM_QUERY_TIMEOUT_S": "3",
            }
        )

    def add(self, service: str, number: int, **settings: str) -> Member:
        """One more process of a service, not started."""
        member = Member(
            service,
            number,
            self.settings | {"ANGARIUM_REDIS_URL": self._streams_url(service)} | settings,
            self.folder,
        )
        self.keeper.members.append(member)
        return member

    def _link_streams(self, service: str) -> None:
        self.open_link(f"{service}-redis", ("127.0.0.1", self.valkey.port))

    def _streams_url(self, service: str) -> str:
        """The URL that the processes of a service get."""
        return _through(self.valkey.url, self.links[f"{service}-redis"].port)

    def open_link(self, name: str, target: tuple[str, int]) -> Link:
        """A link of the stage's by this name."""
        link = self.links[name] = Link(name, target)
        self.thread.run(link.start())
        return link

    def set_link(self, name: str, state: State, *, delay_s: float = 0.0) -> None:
        """See `Link.become`."""
        self.thread.run(self.links[name].become(state, delay_s=delay_s))

    def fail_over(self, server: PostgresProcess) -> None:
        """Lead every service to another Postgres, which has their databases, as a proxy would that
        looks for the primary."""
        for service, url in self.database_urls.items():
            self.database_urls[service] = server.uri(url.rpartition("/")[2])
            self.thread.run(self.links[f"{service}-postgres"].retarget(("127.0.0.1", server.port)))

    def receiver_url(self, receiver: WebhookReceiver) -> str:
        """The receiver's URL for the workers, through a link."""
        target = ("127.0.0.1", urlsplit(receiver.url).port or 80)
        name = f"worker-receiver-{target[1]}"
        link = self.links.get(name) or self.open_link(name, target)
        return f"http://127.0.0.1:{link.port}"

    def of(self, service: str) -> list[Member]:
        """The processes of a service."""
        return self.keeper.of(service)

    def stop_postgres(self) -> None:
        """End it in order, cutting its clients off."""
        self.postgres.stop()

    def ready(self, member: Member) -> bool:
        """Whether it says that it can work."""
        return member.readiness(self._client)

    def await_ready(self) -> None:
        """Wait until every process that should run says that it can work."""
        for member in self.keeper.members:
            if not member.rests:
                member.await_ready(self._client, self.patience)

    def api(self, number: int = 0) -> httpx.Client:
        """A client of a gateway's API."""
        return api_client(self.of("gateway")[number].url, self.key)

    def redis(self) -> "redis.Redis":
        """Straight to Valkey, past the links."""
        return redis.Redis.from_url(self.valkey.url, socket_timeout=5)

    def new_application(self, *endpoint_urls: str) -> str:
        """An application with these endpoints; gives its path. What is refused for now, after the
        fault before, is asked again."""
        with self.api() as api:
            app = f"/app/{_create(api, '/app', {'name': 'Load'})}"
            for url in endpoint_urls:
                _create(api, f"{app}/endpoint", {"url": url})
        return app

    def load(self, app: str, rate: float, **options: str) -> SteadyLoad:
        """Messages to `app`, through all gateways."""
        urls = [member.url for member in self.of("gateway")]
        return SteadyLoad(self.thread, urls, self.key, app, rate=rate, **options)

    def _all_links(self) -> list[Link]:
        return list(self.links.values())


def _create(api: httpx.Client, path: str, body: dict[str, str]) -> str:
    """Create something; gives its id."""
    key = {"Idempotency-Key": uuid4().hex}
    answer = api.post(path, json=body, headers=key)
    for _ in range(CREATE_TRIES_MAX - 1):
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(float(answer.headers["Retry-After"]))
        answer = api.post(path, json=body, headers=key)
    return str(answer.raise_for_status().json()["id"])


def _through(url: str, port: int) -> str:
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    netloc = f"{login}@127.0.0.1:{port}" if login else f"127.0.0.1:{port}"
    return urlunsplit(parts._replace(netloc=netloc))
