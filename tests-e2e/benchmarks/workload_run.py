"""Runs a workload: prepares what it posts to, posts, and accounts for every message."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from arrival_measures import account
from endpoint_receiver import EndpointReceiver
from event_body import CHANNEL, EVENT_TYPE
from failure import BenchmarkFailed
from feature_clients import FeatureClients, Listener, Poller
from platform_process import Platform
from quantiles import quantiles_ms
from resources import cpu_between, cpu_seconds
from scenarios import OUR_PROCESSES
from surroundings import Surroundings
from tools import Accepted, run_load
from workloads import Workload

POST_S_MAX = 120.0
_SETTLE_S = 0.5
"""After the last webhook the platform still records and settles: that is part of the cost."""
_SCRAPE_EVERY_S = 5.0
_LIMITS = (
    *("--requests-per-minute", "1000000000"),
    *("--messages-per-minute", "1000000000"),
    *("--payload-bytes-per-minute", "1000000000000"),
)
_OPTIONS = {
    "channels": [CHANNEL, "others"],
    "filter": 'payload.number != "none" && "vip" in tags',
}
_CLOUD_EVENTS = {
    "payloadFormat": "cloudevents-structured",
    "eventSource": "https://example.com/benchmark",
}
_POLLED = 3
"""The application of the workload `features` whose endpoint is polled."""
_POLLED_UID = "polled"
_SCHEMA = {
    "type": "object",
    "required": ["number", "filler"],
    "properties": {"number": {"type": "string"}, "filler": {"type": "string"}},
}


@dataclass(frozen=True, slots=True)
class WorkloadRun:
    """One run, from the first request to the last webhook. `cpu_s` also has what is needed to
    settle afterwards; `seconds` and `rate` (deliveries a second) do not. Counts of deliveries are
    those of arrival_measures; `strange` arrivals were sent to a wrong endpoint, or unreadable."""

    accepted: int
    delivered: int
    lost: int
    duplicates: int
    strange: int
    refused: dict[str, int]
    seconds: float
    rate: float
    accept_ms: dict[str, float]
    end_to_end_ms: dict[str, float]
    cpu_s: dict[str, float]
    scrapes: int = 0
    polled: int = 0
    event_bytes: int = 0

    def cpu_us(self, *names: str) -> float:
        """CPU time of these processes for each delivery."""
        spent_s = sum(self.cpu_s.get(name, 0.0) for name in names)
        return spent_s / self.delivered * 1e6 if self.delivered else 0.0

    @property
    def own_cpu_us(self) -> float:
        """CPU time of the platform's own processes, without the engines, for each delivery."""
        return self.cpu_us(*OUR_PROCESSES)

    def as_dict(self) -> dict[str, object]:
        return {
            "accepted": self.accepted,
            "delivered": self.delivered,
            "lost": self.lost,
            "duplicates": self.duplicates,
            "strange": self.strange,
            "refused": self.refused,
            "seconds": self.seconds,
            "deliveries_per_s": self.rate,
            "accept_ms": self.accept_ms,
            "end_to_end_ms": self.end_to_end_ms,
            "cpu_us": {name: self.cpu_us(name) for name in self.cpu_s},
        }


class PreparedWorkload:
    """A workload with its applications and endpoints on a running platform; one run at a time."""

    def __init__(
        self,
        workload: Workload,
        platform: Platform,
        receiver: EndpointReceiver,
        paths: Sequence[str],
        token: str,
        folder: Path,
        clients: FeatureClients | None = None,
    ) -> None:
        self.workload = workload
        self._platform = platform
        self._receiver = receiver
        self.paths = paths
        self.token = token
        self._folder = folder
        self._clients = clients
        self._earlier: set[str] = set()

    async def run(
        self, seconds: float, drain_timeout_s: float, settle_s: float = _SETTLE_S
    ) -> WorkloadRun:
        """Post for `seconds`, and await every delivery."""
        async with nullcontext() if self._clients is None else self._clients.running():
            return await self._run(seconds, drain_timeout_s, settle_s)

    async def _run(self, seconds: float, drain_timeout_s: float, settle_s: float) -> WorkloadRun:
        workload = self.workload
        count = workload.count(seconds)
        pids = self._platform.pids | {"receiver": self._receiver.pid}
        event_bytes, again = self._heard()
        async with _scraping(self._platform, wanted=workload.production) as scrapes:
            before = cpu_seconds(pids)
            summary, accepted = await run_load(
                self._platform.url,
                self.paths,
                self.token,
                seconds=seconds if count is None else POST_S_MAX,
                connections=workload.connections,
                body_bytes=workload.body_bytes,
                folder=self._folder,
                rate=workload.rate,
                count=count,
                batch=workload.batch,
                labelled=workload.features,
            )
            polled = {message.id for message in accepted if self._is_polled(message)}
            expected = {
                message.id: self._endpoints_of(message)
                for message in accepted
                if message.id not in polled
            }
            deliveries = len(expected) * workload.endpoints_each
            await self._receiver.wait_for(deliveries, drain_timeout_s)
            polled_at_ns = await self._polled_at_ns(polled, drain_timeout_s)
            if self._clients is not None and accepted:
                await self._clients.listener.wait_beyond(event_bytes, drain_timeout_s)
            await asyncio.sleep(settle_s)
            cpu_s = cpu_between(before, cpu_seconds(pids))
        arrivals = await self._receiver.hand_over(self._folder)
        cpu_s["load generator"] = summary["cpu_s"]
        made = account(arrivals, expected, earlier=self._earlier)
        self._earlier.update(expected)
        first_ns = min((message.sent_ns for message in accepted), default=0)
        delivered_at_ns = [
            *((message, at_ns) for (message, _), at_ns in made.delivered_at_ns.items()),
            *polled_at_ns.items(),
        ]
        taken_s = (max((at_ns for _, at_ns in delivered_at_ns), default=first_ns) - first_ns) / 1e9
        due_ns = {message.id: message.due_ns for message in accepted}
        unanswered = summary["without_answer"] + summary["unanswered"] + summary["unsent"]
        return WorkloadRun(
            accepted=len(accepted),
            delivered=len(delivered_at_ns),
            lost=made.lost + len(polled) - len(polled_at_ns),
            duplicates=made.duplicates + self._heard()[1] - again,
            strange=made.stray + made.unaccounted,
            refused=summary["refused"] | ({"unanswered": unanswered} if unanswered else {}),
            seconds=taken_s,
            rate=len(delivered_at_ns) / taken_s if taken_s > 0 else 0.0,
            accept_ms=summary["latency_ms"],
            end_to_end_ms=quantiles_ms(
                [at_ns - due_ns[message] for message, at_ns in delivered_at_ns]
            ),
            cpu_s=cpu_s,
            scrapes=len(scrapes),
            polled=len(polled_at_ns),
            event_bytes=self._heard()[0] - event_bytes,
        )

    def _is_polled(self, message: Accepted) -> bool:
        return self._clients is not None and message.number % len(self.paths) == _POLLED

    async def _polled_at_ns(self, ids: set[str], timeout_s: float) -> dict[str, int]:
        """When each of these was polled, once all are, or after so long."""
        if self._clients is None:
            return {}
        poller = self._clients.poller
        await poller.wait_for(ids, timeout_s)
        return {message: poller.at_ns[message] for message in ids if message in poller.at_ns}

    def _heard(self) -> tuple[int, int]:
        """So far: the bytes of events, and the messages that were polled more than once."""
        clients = self._clients
        return (0, 0) if clients is None else (clients.listener.event_bytes, clients.poller.again)

    def _endpoints_of(self, message: Accepted) -> range:
        each = self.workload.endpoints_each
        first = message.number % len(self.paths) * each
        return range(first, first + each)


async def prepare(
    workload: Workload, platform: Platform, surroundings: Surroundings, command: str, folder: Path
) -> PreparedWorkload:
    """Create the workload's applications and endpoints. `command` runs angarium; `folder` is for
    the files of one load at a time."""
    receiver = surroundings.receiver(workload)
    each = workload.endpoints_each
    endpoints = [
        [receiver.url(endpoint) for endpoint in range(first, first + each)]
        for first in range(0, workload.applications * each, each)
    ]
    token = platform.key
    clients: FeatureClients | None = None
    if workload.features:
        endpoints[_POLLED] = ["poll://messages"]
        paths = [
            path
            for urls, options in zip(endpoints, _feature_options(surroundings), strict=True)
            for path in await platform.new_applications([urls], _OPTIONS | options)
        ]
        clients = FeatureClients(
            Poller(platform, paths[_POLLED], _POLLED_UID), Listener(platform, paths[0])
        )
        await _check_schemas(platform)
    else:
        paths = await platform.new_applications(endpoints)
    if workload.production:
        await platform.run_command(command, "tenants", "limit", "default", *_LIMITS)
        token = await _production_key(platform)
    if workload.batch is not None:
        paths = [f"{path}/batch" for path in paths]
    return PreparedWorkload(workload, platform, receiver, paths, token, folder, clients)


def _feature_options(surroundings: Surroundings) -> list[dict[str, object]]:
    """The options of each application's endpoint beside the common ones."""
    oauth2 = {
        "type": "oauth2",
        "tokenUrl": surroundings.tokens.url,
        "clientId": "benchmark",
        "clientSecret": "benchmark",
    }
    return [
        dict(_CLOUD_EVENTS),
        {"payloadFormat": "thin"},
        {"authentication": oauth2},
        {"uid": _POLLED_UID},
    ]


async def _production_key(platform: Platform) -> str:
    """A key that may only post, with quotas of its own, of a tenant that checks schemas."""
    await _check_schemas(platform)
    rates = {"requestsPerMinute": 1_000_000_000, "messagesPerMinute": 1_000_000_000}
    key = {"name": "benchmark", "scope": "publish", "rates": rates}
    return str((await _call(platform, "POST", "api-key", key)).json()["token"])


async def _check_schemas(platform: Platform) -> None:
    """Refuse messages that violate the schema of their type."""
    event_type = {"description": "benchmark", "schemas": {"1": _SCHEMA}}
    await _call(platform, "PUT", f"event-type/{EVENT_TYPE}", event_type)
    policy = {"retrySchedule": None, "validateSchemas": "enforce"}
    await _call(platform, "PUT", "tenant/policy", policy)


async def _call(
    platform: Platform, method: str, path: str, body: Mapping[str, object]
) -> httpx.Response:
    headers = {"authorization": f"Bearer {platform.key}"}
    async with httpx.AsyncClient(base_url=platform.url, headers=headers, timeout=30) as client:
        answer = await client.request(method, f"/api/v1/{path}", json=body)
    if answer.is_error:
        raise BenchmarkFailed(f"{method} /api/v1/{path}: {answer.text[:300]}")
    return answer


@asynccontextmanager
async def _scraping(platform: Platform, *, wanted: bool) -> AsyncIterator[list[int]]:
    """Fetch the metrics of each service every few seconds; gives the statuses of the answers."""
    statuses: list[int] = []
    if not wanted:
        yield statuses
        return

    async def scrape() -> None:
        async with httpx.AsyncClient(timeout=10) as client:
            while True:
                urls = [f"{url}/metrics" for url in platform.internal_urls.values()]
                answers = await asyncio.gather(*map(client.get, urls))
                statuses.extend(answer.status_code for answer in answers)
                await asyncio.sleep(_SCRAPE_EVERY_S)

    task = asyncio.create_task(scrape())
    try:
        yield statuses
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    if any(status != httpx.codes.OK for status in statuses):
        raise BenchmarkFailed(f"/metrics answered {statuses}")
