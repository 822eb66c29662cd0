"""What is around the workers: the directory of endpoints, and the network they are reached by."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from angarium_contracts.directory import EndpointState
from angarium_contracts.ids import MESSAGE, parse_id
from angarium_worker.adapters.destinations.webhook import read_answer
from angarium_worker.application.endpoints.endpoint_owner import GoneEndpoint
from angarium_worker.domain.attempt_result import (
    Accepted,
    AttemptResult,
    FailureReason,
    without_answer,
)
from angarium_worker.domain.delivery import DeliveryKey
from msgspec.structs import replace

from .processes import Machine, Process, Service

SECRET = b"whsec_" + b64encode(b"a secret of the simulation")
FOREVER_S = 1e9


@dataclass(slots=True, eq=False)
class Endpoint:
    """An endpoint. `behaviours`: until when it behaves how. `steady`: its options stay."""

    number: int
    state: EndpointState
    behaviours: list[tuple[float, str]]
    steady: bool = True
    was_inactive: bool = False

    def behaviour(self, now_s: float) -> str:
        """How it behaves now."""
        return next((kind for until_s, kind in self.behaviours if now_s < until_s), "ok")

    @property
    def always_healthy(self) -> bool:
        return all(kind == "ok" for _, kind in self.behaviours)


class DirectoryModel:
    """The dispatcher, as far as the workers see it. `away_until_s`: it does not answer."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.service = Service(machine, ConnectionError)
        self.version = 0
        self.endpoints: dict[bytes, Endpoint] = {}
        self._changes: list[EndpointState] = []
        self._waiting: list[asyncio.Future[None]] = []

    def change(self, endpoint: Endpoint, **members: Any) -> None:
        """A new version of the endpoint."""
        self.version += 1
        endpoint.state = replace(endpoint.state, version=self.version, **members)
        endpoint.was_inactive |= endpoint.state.disabled or endpoint.state.deleted
        self.endpoints[endpoint.state.id] = endpoint
        self._changes.append(endpoint.state)
        if self.version > 1:
            self._machine.note(f"endpoint {endpoint.number} becomes {members}")
        self._machine.later(self._machine.random.uniform(0.001, 0.1), self._tell)

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def since(self, version: int) -> list[EndpointState]:
        """The changes after `version`."""
        return [state for state in self._changes if state.version > version]

    async def changed(self, process: Process) -> None:
        """Wait for the next change."""
        future: asyncio.Future[None] = process.loop.create_future()
        self._waiting.append(future)
        await future

    def disable(self, gone: GoneEndpoint) -> None:
        """Unless it was changed since."""
        endpoint = self.endpoints[gone.endpoint_id]
        state = endpoint.state
        if state.version <= gone.version and not (state.disabled or state.deleted):
            self.change(endpoint, disabled=True)


class DirectoryLink:
    """Implements `EndpointOwner` for one process."""

    def __init__(self, process: Process, directory: DirectoryModel) -> None:
        self._process = process
        self._directory = directory

    async def current(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState] | None:
        known = self._directory.endpoints
        try:
            return await self._directory.service.call(
                self._process, lambda: [known[each].state for each in endpoint_ids if each in known]
            )
        except ConnectionError:
            return None

    async def disable(
        self, gone: GoneEndpoint, reason: str, failing_since: datetime | None = None
    ) -> bool:
        try:
            await self._directory.service.call(self._process, lambda: self._directory.disable(gone))
        except ConnectionError:
            return False
        return True


@dataclass(slots=True, eq=False)
class Request:
    """One request, as the endpoint sees it. `fence` is that of its delivery when it began, or
    None; `row_s` is when its attempt was put on record, `confirmed_s` when its process knew."""

    process: Process
    key: DeliveryKey
    endpoint: Endpoint
    begun_s: float
    generation: int = 0
    fence: int | None = None
    ended_s: float | None = None
    cut_s: float | None = None
    final: bool = False
    is_probe: bool = False
    row_s: float | None = None
    confirmed_s: float = FOREVER_S
    on_result: Callable[[AttemptResult], None] | None = field(default=None, repr=False)


@dataclass(slots=True)
class NetworkModel:
    """Where requests go. `begun` and `ended` are told of them; `no_connection` is how likely a
    request finds no connection to leave by."""

    machine: Machine
    directory: DirectoryModel
    begun: Callable[[Request], None]
    ended: Callable[[Request], None]
    no_connection: float = 0.0
    by_host: dict[str, Endpoint] = field(default_factory=dict)


class SenderModel:
    """Implements `Poster` for one process. A route is the endpoint's host."""

    def __init__(self, process: Process, network: NetworkModel) -> None:
        self._process = process
        self._network = network

    def route(
        self,
        url: str,
        proxy: str | None,
        certificate: bytes | None,
        ca_certificates: bytes | None = None,
        method: str = "POST",
    ) -> str:
        return url.split("/")[2]

    def post(
        self,
        route: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        timeout_s: float,
        on_result: Callable[[AttemptResult], None],
        secret_headers: Sequence[tuple[str, str]] = (),
        sign: object = None,
    ) -> "SubmittedModel":
        network, machine = self._network, self._network.machine
        endpoint = network.by_host[route]
        message_id = parse_id(MESSAGE, dict(headers)["webhook-id"]) or b""
        made = Request(self._process, (message_id, endpoint.state.id), endpoint, machine.now_s)
        made.on_result = on_result
        if network.no_connection and machine.random.random() < network.no_connection:
            lost = without_answer(FailureReason.NO_FREE_CONNECTION, "", timeout_s)
            machine.later(timeout_s, self._tell, made, lost)
            return SubmittedModel(machine, made, network.ended)
        outcome = self._outcome(endpoint, timeout_s)
        machine.note(
            f"{self._process.name} sends {message_id.hex()[-6:]} to endpoint {endpoint.number}:"
            f" {outcome.reason.value if outcome.reason else outcome.response_status}"
            f" in {outcome.duration_s:.3f}"
        )
        network.begun(made)
        machine.later(outcome.duration_s, self._end, made, outcome)
        return SubmittedModel(machine, made, network.ended)

    def _end(self, made: Request, outcome: AttemptResult) -> None:
        if made.ended_s is None:
            made.ended_s = self._network.machine.now_s
            self._network.ended(made)
            self._tell(made, outcome)

    def _tell(self, made: Request, outcome: AttemptResult) -> None:
        if made.cut_s is None and made.on_result is not None and self._process.alive:
            self._process.loop.call_soon(made.on_result, outcome)
        made.on_result = None

    def _outcome(self, endpoint: Endpoint, timeout_s: float) -> AttemptResult:
        random = self._network.machine.random
        kind = endpoint.behaviour(self._network.machine.now_s)
        takes_s = random.uniform(0.002, 0.04)
        if kind == "flaky":
            kind = random.choice(("ok", "ok", "500", "slow", "refuse", "503"))
        match kind:
            case "ok":
                return Accepted(204, b"", takes_s)
            case "slow":
                return Accepted(200, b"", random.uniform(0.4, 1.5))
            case "hang":
                return without_answer(FailureReason.RESPONSE_TIMED_OUT, "", timeout_s)
            case "refuse":
                return without_answer(FailureReason.CONNECTION_REFUSED, "", takes_s)
            case "503" | "429":
                after = random.choice((None, None, "0", "1", "3"))
                return read_answer(int(kind), b"", after, self._now_s, takes_s)
            case "abort" | "disable":
                status = random.choice((200, 400, 500, 503))
                asked = "abort-message" if kind == "abort" else "disable"
                endpoint.was_inactive |= kind == "disable"
                return read_answer(status, b"", None, self._now_s, takes_s, request=asked)
            case _:
                endpoint.was_inactive |= kind == "410"
                return read_answer(int(kind), b"no", None, self._now_s, takes_s)

    def _now_s(self) -> float:
        return self._network.machine.now_s


class SubmittedModel:
    """Implements `SubmittedAttempt`."""

    def __init__(
        self, machine: Machine, request: Request, ended: Callable[[Request], None]
    ) -> None:
        self._machine = machine
        self._request = request
        self._ended = ended

    def cancel(self) -> None:
        request = self._request
        request.cut_s = self._machine.now_s
        if request.ended_s is None and not request.process.muted:
            request.process.faults_s.append(request.cut_s)
            request.ended_s = request.cut_s
            self._ended(request)
