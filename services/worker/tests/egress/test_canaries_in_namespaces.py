"""Canaries on every denied address, in network namespaces of their own: none is ever reached."""

import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from angarium_webhooks.endpoint_url import EndpointUrl, UrlRefused, parse_endpoint_url

NO_NAMESPACES = 3
# Without the rules each of these is reached: the canaries do sing.
CONTROLS = {
    "127.0.0.1", "::1", "10.0.0.1", "172.16.0.0", "192.168.0.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "fd00:ec2::254", "fd00::1",
    "2001:1::1",
}  # fmt: skip


def parsed(url: str) -> EndpointUrl | None:
    try:
        return parse_endpoint_url(url, allow_http=True)
    except UrlRefused:
        return None


def table() -> list[tuple[str, str]]:
    """URLs and verdicts."""
    lines = Path(__file__).with_name("urls.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line.startswith('"')]
    return [(json.loads(row[0]), row[1]) for row in rows]


def test_no_url_of_the_table_reaches_a_canary_on_a_denied_address(
    addresses_of: Callable[[str], list[str]],
) -> None:
    rows = table()
    known = [url for text, _ in rows if (url := parsed(text)) is not None]
    question = {
        "refused": [url for url, verdict in rows if verdict != "allowed"],
        "allowed": [url for url, verdict in rows if verdict == "allowed"],
        "names": {url.host: addresses_of(url.host) for url in known},
        "ports": sorted({url.port for url in known}),
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("sender_in_namespace.py"))],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode == NO_NAMESPACES:
        warnings.warn(
            f"canaries on loopback only, in test_url_table.py: {done.stderr.strip()}", stacklevel=1
        )
        return
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["hits"] == []
    assert set(report["reasons"]) == {"address_not_allowed", "url_refused"}
    assert set(report["hits_without_rules"]) >= CONTROLS
    assert len(report["hits_of_allowed"]) >= len(question["allowed"]) // 2
