"""The gateway's stretch: requests are parsed, committed as a group, answered, relayed, settled."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any, cast

import uvicorn
from angarium_chassis.http_server.bounded_protocol import NEW_FOR_REQUESTS, BoundedHttpProtocol
from angarium_chassis.http_server.connections import OpenConnections
from angarium_chassis.internal_http import DEFAULT_LIMITS
from angarium_contracts.contract import Reader, encode
from angarium_contracts.directory import ApplicationState
from angarium_contracts.hot_path import DeliveriesSettled, MessagesAccepted, SettledChunk
from angarium_gateway.adapters.http.accept_route import AcceptRoute
from angarium_gateway.adapters.http.access_control import AccessControl
from angarium_gateway.adapters.http.login_refusals import LoginRefusals
from angarium_gateway.application.accept.accept_message import AcceptMessage
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.publish.batch_store import StoredBatch
from angarium_gateway.application.tenants.authentication import Authenticator, Caller
from angarium_gateway.application.tenants.authorization import Authorizer
from angarium_gateway.application.tenants.rate_limiter import RateLimiter
from angarium_gateway.build_hot_path import HotPathLimits, HotPathPorts, build_hot_path
from angarium_gateway.domain.messages import CommitOutcome, Committed
from replay import APPLICATION, BETWEEN_ROUNDS_S, TENANT, Replay, number_id, request_bytes
from uvicorn.server import ServerState

_UNUSED = cast("Any", None)
_WINDOW_BYTES = 16 * 1024 * 1024
_PEER = ("127.0.0.1", 40_000)


def prepare(rounds: int, at_once: int) -> Replay:
    """Rounds of `at_once` requests, each on its connection."""
    warm_up = NEW_FOR_REQUESTS * at_once
    requests = [request_bytes(number) for number in range(warm_up + rounds * at_once)]
    return Replay(partial(_run, requests, at_once))


async def _run(requests: Sequence[bytes], at_once: int, rounds: int) -> int:
    answered = _Answered()
    publish = _Publish()
    loop = asyncio.get_running_loop()
    path = build_hot_path(
        HotPathPorts(
            journal=cast("Any", _Journal()),
            batches=cast("Any", _Batches()),
            schedule=_UNUSED,
            publish=publish,
            watch=_UNUSED,
        ),
        HotPathLimits(window_bytes=_WINDOW_BYTES),
        owner="replay",
        clock_s=loop.time,
    )
    directory = ApplicationDirectory(cast("Any", _Copy()), _UNUSED)
    numbers = count(1)
    accept = AcceptMessage(
        directory,
        cast("Any", _Journal()),
        path.commits,
        lambda: number_id(next(numbers)),
        path.scheduled,
        path.counters,
    )
    keys = cast("Any", _Keys())
    # The clock of this one stands still: a token is looked up once.
    authenticator = Authenticator(keys, keys, lambda: 0.0)
    access = AccessControl(
        authenticator,
        Authorizer(directory),
        LoginRefusals(loop.time),
        RateLimiter(_UNUSED, loop.time),
    )
    route = AcceptRoute(
        _UNUSED,
        access,
        accept,
        _UNUSED,
        _UNUSED,
        payload_bytes_max=1024 * 1024,
        counters=path.counters,
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
    )
    connect = _connections(route, answered)
    connections = [connect() for _ in range(at_once)]
    works = (path.commits.run(), path.relay.run(), path.settlement.run())
    tasks = [asyncio.ensure_future(work) for work in works]
    reader = Reader(DeliveriesSettled)
    # Requests of new connections take turns, one in each iteration of the loop: they come first.
    for number in range(NEW_FOR_REQUESTS + rounds):
        first = number * at_once
        for connection, request in zip(connections, requests[first : first + at_once], strict=True):
            connection.data_received(request)
        await answered.until(first + at_once)
        await asyncio.sleep(BETWEEN_ROUNDS_S)
        settled = [_settled(batch_id, reader) for batch_id in publish.take()]
        await path.settlement.on_settled(settled)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return publish.messages - NEW_FOR_REQUESTS * at_once


def _connections(route: AcceptRoute, answered: "_Answered") -> Any:
    """Opens connections of the public port, as uvicorn does."""
    config = uvicorn.Config(
        cast("Any", route),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        date_header=False,
        ws="none",
    )
    config.load()
    state, open_connections = ServerState(), OpenConnections(DEFAULT_LIMITS)

    def connect() -> BoundedHttpProtocol:
        connection = BoundedHttpProtocol(
            connections=open_connections, config=config, server_state=state, app_state={}
        )
        connection.connection_made(cast("Any", _Transport(answered)))
        return connection

    return connect


def _settled(batch_id: bytes, reader: Reader[DeliveriesSettled]) -> DeliveriesSettled:
    chunk = SettledChunk(batch_id=batch_id, publication=1, chunk=0, chunks=1)
    read = reader.read(encode(DeliveriesSettled(settled=(chunk,))))
    assert isinstance(read, DeliveriesSettled)
    return read


class _Answered:
    """How many requests were answered with 202. Another answer ends the replay."""

    def __init__(self) -> None:
        self._count = 0
        self._awaited = 0
        self._reached = asyncio.Event()

    def add(self, answer: bytes) -> None:
        if not answer.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(f"a request was not accepted: {answer[:200]!r}")
        self._count += 1
        if self._count >= self._awaited:
            self._reached.set()

    async def until(self, requests: int) -> None:
        self._awaited = requests
        self._reached.clear()
        if self._count < requests:
            await self._reached.wait()


class _Transport:
    """A client that reads everything at once."""

    def __init__(self, answered: _Answered) -> None:
        self.write = answered.add

    def writelines(self, parts: Sequence[bytes]) -> None:
        self.write(b"".join(parts))

    def get_extra_info(self, name: str, default: object = None) -> object:
        return _PEER if name in ("peername", "sockname") else default

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def close(self) -> None: ...

    abort = close


class _Publish:
    """Implements `PublishBatches`: encodes entries, and keeps which batches are open."""

    def __init__(self) -> None:
        self.messages = 0
        self._open: list[bytes] = []

    async def __call__(self, batches: Sequence[StoredBatch]) -> Sequence[bytes]:
        for batch in batches:
            entry: MessagesAccepted = batch.entry("deliveries.settled:replay")
            encode(entry)
            self.messages += len(batch.messages)
            self._open.append(batch.id)
        return [b"1-0"] * len(batches)

    def take(self) -> list[bytes]:
        taken, self._open = self._open, []
        return taken


class _Journal:
    """Implements `Journal` for messages without keys: nothing is kept."""

    async def commit(self, batch: NewBatch) -> Sequence[CommitOutcome]:
        await asyncio.sleep(0)
        return [Committed(1)] * len(batch.messages)


class _Batches:
    """Implements `BatchStore` of a replica without a backlog."""

    async def unpublished(self, _: str, *, bytes_max: int) -> list[StoredBatch]:
        del bytes_max
        return []

    async def close(self, _: str, __: Sequence[bytes]) -> None:
        await asyncio.sleep(0)


class _Copy:
    """Implements `ApplicationCopy` of one application."""

    async def find(self, *_: object, **__: Mapping[str, object]) -> ApplicationState:
        return ApplicationState(id=APPLICATION, tenant_id=TENANT, version=1, uid="bench")


class _Keys:
    """Implements `Logins`: one key, whatever the token."""

    async def find(self, _: bytes) -> Caller:
        return Caller(TENANT, b"k" * 16)
