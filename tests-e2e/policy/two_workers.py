"""A platform on Postgres with a second worker beside the one that it starts itself."""

import os
import signal
from pathlib import Path
from typing import Any, Self

import httpx

from ..delivery.replica_set import Replica  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252
from .customer import metric

_DELIVERED = 'angarium_worker_attempts_total{outcome="delivered",status="2xx"}'


class TwoWorkers:
    """`with` starts and ends them. `platform` is what both belong to."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.platform = DevPlatform(folder, database="postgres", **settings)
        self._settings = settings
        self._log_path = folder / "second-worker.txt"
        self._second: Replica | None = None

    def __enter__(self) -> Self:
        try:
            self.platform.start()
            self.complete()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._second is not None and self._second.process.poll() is None:
            self._second.stop()
        self.platform.end()

    @property
    def second(self) -> Replica:
        """The worker beside the platform's own."""
        assert self._second is not None
        return self._second

    def complete(self) -> None:
        """Start the second worker unless it runs, and wait until it is ready."""
        if self._second is not None and self._second.process.poll() is None:
            return
        self._second = Replica("worker", self._settings | self._addresses(), self._log_path)
        with httpx.Client(timeout=5, trust_env=False) as client:
            self._second.await_ready(client)

    def kill(self, number: int) -> None:
        """As kill -9 does: 0 is the platform's own worker, which it starts again, 1 the second."""
        if number == 0:
            os.kill(self.platform.pid("worker"), signal.SIGKILL)
        else:
            self.second.process.kill()
            self.second.process.wait()

    def delivered(self) -> tuple[float, float]:
        """How many deliveries the first and the second worker made since they began."""
        own_url = self.second.internal_url
        first_url = self.platform.state["internal_urls"]["worker"]
        return metric(first_url, _DELIVERED), metric(own_url, _DELIVERED)

    def _addresses(self) -> dict[str, str]:
        state = self.platform.state
        return {
            "ANGARIUM_WORKER_DATABASE_URL": state["database_urls"]["worker"],
            "ANGARIUM_REDIS_URL": state["redis_url"],
            "ANGARIUM_ENCRYPTION_KEY_FILE": str(self.platform.data_dir / "encryption-key"),
            "ANGARIUM_EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
            "ANGARIUM_ALLOW_HTTP_ENDPOINTS": "true",
        }
