"""docker-compose.yml with a container engine: `make test-containers`.

Builds the image, or takes that of TEST_IMAGE, starts two gateways and two workers, and has a
message delivered through the proxy to an endpoint that is polled, which needs no receiver outside.
pytest collects this file only when it is named.
"""

import base64
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from ..waiting import until  # noqa: TID252 - tests are no installed package
from .compose_file import REPOSITORY, variables_of_the_example

SCALE = ("--scale", "gateway=2", "--scale", "worker=2")
START_TIMEOUT_S = 900.0
URL = "http://127.0.0.1:18080"
IMAGE = os.environ.get("TEST_IMAGE", "")


class ComposeProject:
    """The platform under a project name of its own, without what an .env of the operator says."""

    def __init__(self, folder: Path) -> None:
        variables = {name: uuid4().hex for name in variables_of_the_example()}
        variables["ANGARIUM_ENCRYPTION_KEY"] = base64.b64encode(os.urandom(32)).decode()
        variables["ANGARIUM_PUBLISH"] = URL.removeprefix("http://")
        variables["ANGARIUM_IMAGE"] = IMAGE or "angarium:local"
        self._env_file = folder / "env"
        self._env_file.write_text("".join(f"{k}={v}\n" for k, v in variables.items()))

    def run(self, *arguments: str) -> str:
        command = ["docker", "compose", "--project-name", "angarium-test"]
        command += ["--env-file", str(self._env_file), *arguments]
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeProject]:
    made = ComposeProject(tmp_path_factory.mktemp("compose"))
    try:
        made.run("up", "--wait", "--quiet-pull", "--no-build" if IMAGE else "--build", *SCALE)
        yield made
    finally:
        made.run("down", "--volumes", "--remove-orphans")


@pytest.mark.timeout(START_TIMEOUT_S)
def test_profiles_are_valid(project: ComposeProject) -> None:
    project.run("--profile", "metrics", "--profile", "traces", "config", "--quiet")


@pytest.mark.timeout(START_TIMEOUT_S)
def test_a_message_is_delivered_through_the_proxy(project: ComposeProject) -> None:
    command = ("exec", "--no-TTY", "gateway", "angarium", "keys", "create", "test", "--new-tenant")
    key = project.run(*command).strip()
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{URL}/api/v1", headers=headers, timeout=30) as api:
        assert api.post("/app", json={"name": "A", "uid": "a"}).status_code == 201
        made = api.post("/app/a/endpoint", json={"uid": "polled", "url": "poll://messages"})
        assert made.status_code == 201, made.text
        posted = api.post("/app/a/msg", json={"eventType": "a", "payload": {}})
        assert posted.status_code == 202, posted.text

        def delivered() -> bool:
            page = api.get("/app/a/poller/polled/consumer/test")
            assert page.status_code == 200, page.text
            return any(each["id"] == posted.json()["id"] for each in page.json()["data"])

        until(delivered, 60, "the message is polled")
