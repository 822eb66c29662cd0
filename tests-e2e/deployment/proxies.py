"""nginx and Caddy with the configuration of deploy/proxy/, on loopback."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from ..child_process import start_process  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from .compose_file import REPOSITORY, mounted
from .compose_processes import free_port

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 20.0
CADDYFILE = REPOSITORY / "deploy/proxy/Caddyfile"
NGINX_CONF = REPOSITORY / "deploy/proxy/nginx.conf"


def program(name: str) -> str:
    """The one from its wheel, else an installed one."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(
        name.removesuffix("-wheel")
    )
    assert found, f"{name} is missing: run `make setup`"
    return found


def replaced(text: str, places: dict[str, str]) -> str:
    """The text with each place changed; all of them must be there."""
    for old, new in places.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def nginx_of_compose(
    service: dict[str, Any], folder: Path, *, gateway_port: int, name_server_port: int
) -> Iterator[str]:
    """Run the compose file's proxy; gives its URL."""
    port = free_port()
    name, *arguments = service["command"]
    path = arguments[-1]
    written = folder / "nginx.conf"
    written.write_text(
        replaced(
            mounted(service, path).read_text(),
            {
                "resolver 127.0.0.11 ": f"resolver 127.0.0.1:{name_server_port} ",
                "server gateway:8080 ": f"server gateway:{gateway_port} ",
                "listen 8080;": f"listen 127.0.0.1:{port};",
                "/tmp/": f"{folder}/",
                "/dev/stdout": f"{folder}/requests.log",
            },
        )
    )
    command = [program(f"{name}-wheel"), "-p", str(folder), "-e", "stderr"]
    command += [*arguments[:-1], str(written)]
    with _running(command, folder / "nginx.log", f"http://127.0.0.1:{port}") as url:
        yield url


@contextmanager
def caddy(folder: Path, *, gateway_port: int, name_server_port: int) -> Iterator[str]:
    """Run Caddy with the Caddyfile, without TLS; gives its URL."""
    url = f"http://127.0.0.1:{free_port()}"
    written = folder / "Caddyfile"
    written.write_text(
        replaced(
            CADDYFILE.read_text(),
            {
                "port 8080": f"port {gateway_port}",
                "refresh 2s": f"refresh 2s\n\t\t\tresolvers udp/127.0.0.1:{name_server_port}",
            },
        )
    )
    command = [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(written)]
    environment = {"ANGARIUM_SITE": url, "XDG_DATA_HOME": str(folder), "HOME": str(folder)}
    with _running(command, folder / "caddy.log", url, **environment):
        yield url


@contextmanager
def _running(command: list[str], log_path: Path, url: str, **environment: str) -> Iterator[str]:
    with log_path.open("ab") as log:
        process: subprocess.Popen[bytes] = start_process(
            command, os.environ | environment, out=log, errors=log
        )

    def answers() -> bool:
        assert process.poll() is None, log_path.read_text()[-3_000:]
        try:
            return httpx.get(f"{url}/api/v1/health", trust_env=False).is_success
        except httpx.TransportError:
            return False

    try:
        until(answers, _START_TIMEOUT_S, f"{command[0]} passes requests on")
        yield url
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
