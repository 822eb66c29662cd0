"""The platform that is broken: one process of each service, a receiver, and a light load."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..faults.databases import Databases  # noqa: TID252
from ..faults.stage import Stage  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252

ENDPOINTS = 4
QUIET_ENDPOINTS = 30
RATE = 5.0
CONNECTIONS_MAX = 4
WINDOW_BYTES = 1024 * 1024


class Platform:
    """Everything that the breaks need; `with` starts and ends it."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(
            folder,
            replicas=1,
            # Slow receivers are no failures.
            ANGARIUM_ATTEMPT_TIMEOUT_S="15",
            ANGARIUM_RETRY_LEASE_S="20",
            # Long enough that nothing is exhausted while its receiver is away.
            ANGARIUM_RETRY_SCHEDULE=",".join(["2s"] * 5 + ["10s"] * 40),
            ANGARIUM_DATABASE_CONNECTIONS_MAX=str(CONNECTIONS_MAX),
            ANGARIUM_WINDOW_BYTES=str(WINDOW_BYTES),
        )
        self.receiver = WebhookReceiver()
        self.databases = Databases(self.stage.database_urls)
        self.app = ""
        """The path of the application that the load posts to."""
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        with self._opened:
            self._opened.enter_context(self.stage)
            self._opened.enter_context(self.receiver)
            base = self.stage.receiver_url(self.receiver)
            paths = [f"{base}/ok/{number}" for number in range(ENDPOINTS - 1)]
            # Retries belong to a healthy platform.
            self.app = self.stage.new_application(*paths, f"{base}/flaky/5")
            self._add_quiet_endpoints(base)
            self._opened.enter_context(self.stage.load(self.app, RATE))
            self._opened = self._opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def receiver_link(self) -> str:
        """The name of the link between workers and the receiver."""
        (name,) = [name for name in self.stage.links if name.startswith("worker-receiver-")]
        return name

    def _add_quiet_endpoints(self, base: str) -> None:
        """Endpoints that the load does not reach: each has an event type of its own."""
        with self.stage.api() as api:
            for number in range(QUIET_ENDPOINTS):
                body = {"url": f"{base}/ok/quiet/{number}", "filterTypes": [_quiet_type(number)]}
                api.post(f"{self.app}/endpoint", json=body).raise_for_status()

    def targets(self) -> list[str]:
        """The addresses of the metrics."""
        return [member.internal_address for member in self.stage.keeper.members]

    def post(self, payload_bytes: int = 100, **fields: str) -> None:
        """Post one message, with `fields` beside its payload. Raises httpx's errors."""
        body = {"eventType": "a", "payload": {"x": "y" * payload_bytes}} | fields
        with self.stage.api() as api:
            api.post(f"{self.app}/msg", json=body).raise_for_status()

    def post_later(self, seconds: float) -> None:
        """Post one message that is delivered after some time. Raises httpx's errors."""
        due = datetime.now(UTC) + timedelta(seconds=seconds)
        self.post(deliverAt=due.isoformat())

    def post_to_quiet_endpoint(self, number: int) -> None:
        """Post one message to a quiet endpoint, among others. Raises httpx's errors."""
        self.post(eventType=_quiet_type(number % QUIET_ENDPOINTS))

    def angarium(self, *arguments: str) -> None:
        """Run `angarium …`, which must succeed."""
        ran = run_angarium(arguments, **self.stage.settings)
        assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}"


def _quiet_type(number: int) -> str:
    return f"quiet.{number}"
