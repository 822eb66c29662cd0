"""The OpenTelemetry Collector itself between a platform and a test: `make test-otel-collector`.

pytest collects this file only when it is named. It needs Go, with which it builds the collector of
the folder `collector/`.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from angarium_cli.dev.ports import free_ports

from ..child_process import bare_environment, start_process  # noqa: TID252 - tests are no package
from ..dev_platform import DevPlatform  # noqa: TID252
from ..waiting import until  # noqa: TID252
from .otlp_receiver import OtlpReceiver, ReceivedSpan

FOLDER = Path(__file__).parent / "collector"
CONFIGURATION = """
receivers:
  otlp:
    protocols:
      http: {{endpoint: "127.0.0.1:{http}"}}
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
exporters:
  otlphttp: {{endpoint: "{to}", compression: none}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlphttp]}}
"""
WAIT_S = 60.0


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collector, built."""
    go = shutil.which("go")
    assert go is not None, "this test needs Go 1.26 or newer"
    built = tmp_path_factory.mktemp("collector") / "collector"
    command = [go, "build", "-mod=readonly", "-o", str(built), "."]
    ended = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return built


@contextmanager
def running_collector(program: Path, folder: Path, to: str) -> Iterator[tuple[str, str]]:
    """A collector that passes spans on to `to`; its endpoints for HTTP and for gRPC."""
    http, grpc = free_ports(2)
    configuration = folder / "collector.yaml"
    configuration.write_text(CONFIGURATION.format(http=http, grpc=grpc, to=to))
    with (folder / "collector.log").open("wb") as log:
        process = start_process(
            [str(program), "--config", str(configuration)],
            bare_environment(),
            out=subprocess.DEVNULL,
            errors=log,
        )
        try:
            until(
                lambda: "Everything is ready" in (folder / "collector.log").read_text(),
                WAIT_S,
                "the collector is ready",
            )
            yield f"http://127.0.0.1:{http}", f"http://127.0.0.1:{grpc}"
        finally:
            process.terminate()
            process.wait(WAIT_S)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_collector_takes_the_spans_of_every_service(
    program: Path, tmp_path: Path, new_folder: Callable[[str], Path], protocol: str
) -> None:
    with (
        OtlpReceiver() as behind,
        running_collector(program, tmp_path, behind.http_url) as (http_url, grpc_url),
        DevPlatform(
            new_folder("dev"),
            ANGARIUM_TRACE_ENDPOINT=http_url if protocol == "http" else grpc_url,
            ANGARIUM_TRACE_PROTOCOL=protocol,
            ANGARIUM_TRACE_RATIO="1",
        ) as platform,
        platform.client() as api,
    ):
        posted(api)
        behind.wait_for("the trace", is_complete)


def is_complete(spans: list[ReceivedSpan]) -> bool:
    """True once there is a trace with every part."""
    trace_ids = {span.trace_id for span in spans if span.name == "accept"}
    names = {span.name for span in spans if span.trace_id in trace_ids}
    return {"accept", "commit", "relay", "dispatch", "attempt"} <= names


def posted(api: httpx.Client) -> None:
    """Post one message to an application with one endpoint, where nobody answers."""
    app = f"/app/{api.post('/app', json={'name': 'Traced'}).json()['id']}"
    url = f"http://127.0.0.1:{free_ports(1)[0]}/"
    assert api.post(f"{app}/endpoint", json={"url": url}).status_code == 201
    body = {"eventType": "a.b", "payload": {}}
    assert api.post(f"{app}/msg", json=body).status_code == 202
