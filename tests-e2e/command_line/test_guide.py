"""The commands of docs/how-to/use-the-command-line.md do what they say, in their order."""

import json
import shlex
from pathlib import Path
from uuid import uuid4

import pytest

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..deployment.guide import commands  # noqa: TID252
from ..dev_platform import DevPlatform  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WAIT_S, WebhookReceiver  # noqa: TID252
from .conftest import Run

PAGE = "use-the-command-line.md"
ELSEWHERE = ("login", "tail", "completion")
"""Tested on a terminal, or without end."""
MADE = ("attempts", "list", "--app", "acme", "-o", "json")
SCHEMA = {"type": "object", "examples": [{"id": "1"}]}
CATALOG = {
    "openapi": "3.1.0",
    "info": {"title": "Events", "version": "1"},
    "webhooks": {
        "invoice.paid": {
            "post": {
                "description": "An invoice was paid.",
                "requestBody": {"content": {"application/json": {"schema": SCHEMA}}},
            }
        }
    },
}


@pytest.fixture
def own_tenant(run: Run, platform: DevPlatform) -> Run:
    """As `run`, logged in to a tenant that has nothing."""
    made = run_angarium(
        ["keys", "create", "guide", "--new-tenant", "--tenant", uuid4().hex],
        ANGARIUM_GATEWAY_DATABASE_URL=str(platform.state["database_urls"]["gateway"]),
    )
    done = run("login", "--url", platform.url, given=made.stdout.encode())
    assert done.status == 0, done.err
    return run


def test_the_commands_of_the_guide_work(
    own_tenant: Run, receiver: WebhookReceiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEBHOOK_SECRET", "whsec_" + "c2VjcmV0" * 4)
    for name, content in {"openapi.yaml": CATALOG, "payload.json": {}, "body.json": {}}.items():
        (tmp_path / name).write_text(json.dumps(content))
    assert own_tenant("event-types", "import", "openapi.yaml").status == 0
    lines = [line for line in commands(PAGE) if line.startswith("angarium ") and "…" not in line]
    # What other commands of the page use is deleted last.
    lines.sort(key=lambda line: " delete " in line)

    ran = 0
    for line in lines:
        words = shlex.split(line.split("|")[0].split(">")[0])[1:]
        if words[0] in ELSEWHERE:
            continue
        if words[0] == "explain":
            receiver.wait_for(1)
            until(lambda: json.loads(own_tenant(*MADE).out), WAIT_S, "an attempt is recorded")
        words = [word.replace("https://example.com/hook", f"{receiver.url}/ok") for word in words]
        done = own_tenant(*words, *(["--yes"] if "delete" in words else []))
        assert done.status == 0, (line, done.err)
        ran += 1

    assert ran >= 15
