"""A Prometheus server that scrapes a platform every second and evaluates the shortened rules."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

from ..child_process import (  # noqa: TID252 - tests are no installed package
    bare_environment,
    start_process,
)
from ..waiting import until  # noqa: TID252
from .shortened_rules import write_shortened

_READY_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 15.0


class PrometheusServer:
    """Runs `program` in `folder` on `port`; `with` ends it."""

    def __init__(self, program: Path, folder: Path, port: int, targets: Sequence[str]) -> None:
        self._program = program
        self._folder = folder
        self._address = f"127.0.0.1:{port}"
        self._targets = targets
        self._client = httpx.Client(
            base_url=f"http://{self._address}/api/v1", timeout=10, trust_env=False
        )

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(self._config()))
        command = [
            str(self._program),
            f"--config.file={config}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address={self._address}",
            "--storage.tsdb.retention.time=2h",
        ]
        with (self._folder / "log.txt").open("ab") as log:
            self._process = start_process(command, bare_environment(), out=log, errors=log)
        try:
            until(self._all_targets_are_up, _READY_TIMEOUT_S, "Prometheus scrapes every process")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        return {
            each["labels"]["alertname"]
            for each in self._ask("/alerts")["alerts"]
            if each["state"] == "firing"
        }

    def value(self, query: str) -> list[str]:
        """The values of an instant query, with their labels, for messages."""
        found = self._ask("/query", query=query)["result"]
        return [f"{each['metric']} {each['value'][1]}" for each in found]

    def _all_targets_are_up(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log.txt").read_text()[-2_000:]
        try:
            found = self._ask("/targets")["activeTargets"]
        except (httpx.HTTPError, ValueError):
            return False
        return len(found) == len(self._targets) and all(each["health"] == "up" for each in found)

    def _ask(self, path: str, **parameters: str) -> Any:
        answer = self._client.get(path, params=parameters).raise_for_status()
        return answer.json()["data"]

    def _config(self) -> dict[str, Any]:
        return {
            "global": {
                "scrape_interval": "1s",
                "scrape_timeout": "1s",
                "evaluation_interval": "1s",
            },
            "rule_files": [path.name for path in write_shortened(self._folder)],
            "scrape_configs": [
                {"job_name": "angarium", "static_configs": [{"targets": [*self._targets]}]}
            ],
        }
