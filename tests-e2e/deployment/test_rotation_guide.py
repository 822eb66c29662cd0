"""The guide to rotate every secret: its commands run in their order, on a running platform."""

import shlex
import subprocess
from functools import partial
from pathlib import Path
from string import Template
from typing import Any
from uuid import uuid4

import httpx
import standardwebhooks
from angarium_cli.main import app
from typer.testing import CliRunner

from ..child_process import bare_environment, run_angarium  # noqa: TID252 - no installed package
from ..delivery.webhook_checks import headers_of  # noqa: TID252
from ..dev_platform import DevPlatform, api_client  # noqa: TID252
from ..documentation.guided_shell import PATH  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .guide import blocks

PAGE = "rotate-secrets.md"
ELSEWHERE = ("docker compose", "kubectl")
"""Commands that need a container engine or a cluster: test_operation_guides.py checks them."""
STRICT = 'set -eu; curl() { command curl --silent --show-error --fail-with-body "$@"; }\n'


def settings_of(platform: DevPlatform) -> dict[str, str]:
    """The settings of the services, as their operator has them."""
    urls = platform.state["database_urls"]
    return {f"ANGARIUM_{name.upper()}_DATABASE_URL": urls[name] for name in urls} | {
        "ANGARIUM_REDIS_URL": platform.state["redis_url"],
        "ANGARIUM_ENCRYPTION_KEY_FILE": str(platform.data_dir / "encryption-key"),
    }


def run(block: str, environment: dict[str, str], folder: Path) -> None:
    """Run a block of the guide. Commands of ours run in this process, which has imported them."""
    lines = [line for line in block.splitlines() if not line.startswith(ELSEWHERE)]
    if all(line.startswith("angarium ") for line in lines):
        for line in lines:
            _, *arguments = shlex.split(Template(line).safe_substitute(environment))
            done = CliRunner().invoke(app, arguments, env=environment)
            assert done.exit_code == 0, (line, done.output, done.exception)
        return
    ended = subprocess.run(
        ["bash", "-c", STRICT + "\n".join(lines)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, (block, ended.stdout + ended.stderr)


def test_the_commands_of_the_guide_replace_every_secret(
    platform: DevPlatform, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    settings = settings_of(platform)
    tenant = f"rotated-{uuid4().hex[:8]}"
    created = run_angarium(
        ["keys", "create", "own", "--new-tenant", "--tenant", tenant], **settings
    )
    key = created.stdout.strip()
    with api_client(platform.url, key) as api:
        before = prepared(api, receiver.url)
        old_key = api.post("/api-key", json={"name": "billing", "scope": "publish"}).json()
        environment = bare_environment(
            **settings,
            ANGARIUM_URL=platform.url,
            ANGARIUM_KEY=key,
            OLD_KEY_ID=old_key["id"],
            PATH=PATH,
        )
        for block in blocks(PAGE, "sh"):
            run(block, environment, tmp_path)

        new = api.get("/app/acme/endpoint/orders/secret").json()["key"]
        assert new.startswith("whpk_")
        watch = api.get("/operational-webhook/endpoint/watch/secret").json()["key"]
        assert watch != before["watch"]
        headers = api.get("/app/acme/endpoint/orders/headers").json()
        assert "X-Access-Token" in {*headers["headers"], *headers["sensitive"]}
        for token in (before["portal"], old_key["token"]):
            until(partial(refused, platform.url, token), 30, "the old token is refused")
        api.patch("/app/acme/endpoint/orders", json={"authentication": None})
        posted = api.post("/app/acme/msg", json={"eventType": "a", "payload": {}}).json()
    entry = receiver.wait_accepted(posted["id"])
    # Both the first secret and the one that the guide makes first are in their grace period.
    assert [each.partition(",")[0] for each in entry["signature"].split()] == ["v1a", "v1", "v1"]
    standardwebhooks.Webhook(before["orders"]).verify(
        entry["body"], headers_of(entry), json_parse=False
    )


def prepared(api: httpx.Client, receiver_url: str) -> dict[str, Any]:
    """Create the objects that the guide's examples name; gives the secrets so far."""
    assert api.post("/app", json={"name": "Acme", "uid": "acme"}).status_code == 201
    for path, uid in (("/app/acme", "orders"), ("/operational-webhook", "watch")):
        made = api.post(f"{path}/endpoint", json={"url": f"{receiver_url}/ok", "uid": uid})
        assert made.status_code == 201, made.text
    portal = api.post("/auth/app-portal-access/acme", json={}).json()
    return {
        "orders": api.get("/app/acme/endpoint/orders/secret").json()["key"],
        "watch": api.get("/operational-webhook/endpoint/watch/secret").json()["key"],
        "portal": portal["token"],
    }


def refused(url: str, token: str) -> bool:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(f"{url}/api/v1/auth/whoami", headers=headers).status_code == 401
