"""`angarium dev` as a user meets it: banner, demo, stop, restart, refusals."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ..child_process import bare_environment, run_angarium  # noqa: TID252 - tests are no package
from ..dev_platform import DevPlatform  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252


def example(output: str, heading: str) -> str:
    """The example that the banner prints under this heading, as one would copy it."""
    after = output.partition(heading)[2]
    assert after, output
    return re.split(r"\n\n(?=or in Python|\n|$)", after.lstrip("\n"), maxsplit=1)[0]


@pytest.fixture
def demo_endpoint(platform: DevPlatform, receiver: WebhookReceiver) -> WebhookReceiver:
    """The application that the examples post to has an endpoint here."""
    with platform.client() as api:
        api.post("/app?get_if_exists=true", json={"name": "Demo", "uid": "demo"})
        endpoint = {"url": f"{receiver.url}/ok", "uid": "from-tests"}
        assert api.put("/app/demo/endpoint/from-tests", json=endpoint).is_success
    return receiver


def test_the_curl_example_works_as_printed(
    platform: DevPlatform, demo_endpoint: WebhookReceiver
) -> None:
    assert shutil.which("curl"), "curl is what the example is for"
    text = example(platform.output(), "Post an event with curl:\n")

    done = subprocess.run(
        ["/bin/sh", "-ec", text], capture_output=True, text=True, timeout=30, check=True
    )

    application, message = re.findall(r"\{.*?\}(?=\{|$)", done.stdout.replace("\n", ""))[:2]
    assert json.loads(application)["uid"] == "demo"
    entry = demo_endpoint.wait_accepted(json.loads(message)["id"])
    assert json.loads(entry["body"]) == {"invoice": "in_1", "cents": 4200}


def test_the_python_example_works_as_printed(
    platform: DevPlatform, demo_endpoint: WebhookReceiver, tmp_path: Path
) -> None:
    script = tmp_path / "example.py"
    heading = "or in Python with the official SDK (pip install svix):\n"
    script.write_text(platform.output().partition(heading)[2].lstrip("\n"))

    done = subprocess.run(
        [sys.executable, str(script)],
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    entry = demo_endpoint.wait_accepted(done.stdout.strip())
    assert json.loads(entry["body"]) == {"invoice": "in_1", "cents": 4200}


def test_the_banner_tells_where_everything_is(platform: DevPlatform) -> None:
    output = platform.output()

    for fact in (platform.url, platform.key, str(platform.data_dir), "Ctrl-C"):
        assert fact in output


def test_dev_json_is_complete_and_private(platform: DevPlatform) -> None:
    state = platform.state

    assert stat.S_IMODE(platform.state_path.stat().st_mode) == 0o600
    assert {"api_url", "api_key", "redis_url", "database_urls", "pids"} <= state.keys()
    assert set(state["database_urls"]) == {"gateway", "dispatcher", "worker"}
    assert {"gateway", "dispatcher", "worker"} <= set(state["pids"])
    ours = {process.pid for process in platform.family()}
    assert {pid for name, pid in state["pids"].items() if name != "dev"} <= ours


def test_the_platform_logs_json_lines_only(platform: DevPlatform) -> None:
    for line in platform.logs().splitlines():
        assert "event" in json.loads(line)
    assert platform.key not in platform.logs()


def test_the_demo_shows_each_delivery_and_stops_cleanly(platform_folder: Path) -> None:
    with DevPlatform(platform_folder, arguments=("--demo", "--log-format", "console")) as demo:
        until(
            lambda: "The platform goes on serving" in demo.output(), 40, "the demo comes to its end"
        )
        output = demo.output()
        deliveries = re.findall(
            r"^\s+(msg_\w+)\s+(\w+)\s+(\d+)\s+(\d{3})\s+(\d+)\s+(\w+)$", output, re.MULTILINE
        )
        assert len(deliveries) == 5 + 9 + 2
        assert {signature for *_, signature in deliveries} == {"verified"}
        flaky = {
            (attempt, status) for _, name, attempt, status, *_ in deliveries if name == "flaky"
        }
        assert flaky == {("1", "500"), ("2", "500"), ("3", "200")}
        assert len({message for message, *_ in deliveries}) == 5
        for row in (r"healthy\b.*5 of 5", r"flaky\b.*3 of 3", r"signups\b.*2 of 2"):
            assert re.search(row, output)
        assert "10 of 10 deliveries in 16 attempts, every signature verified." in output
        with demo.client() as api:
            message = {"eventType": "user.created", "payload": {}}
            assert api.post("/app/demo/msg", json=message).status_code == 202

        assert demo.stop() == 0

        assert demo.left_behind() == []
        assert not demo.state_path.exists()
        assert "Traceback" not in demo.logs()


def test_a_restart_keeps_everything_and_attempts_in_flight_are_recorded(
    platform_folder: Path, receiver: WebhookReceiver
) -> None:
    with DevPlatform(platform_folder) as platform:
        key = platform.key
        with platform.client() as api:
            assert api.post("/app", json={"name": "Kept", "uid": "kept"}).status_code == 201
            slow = {"url": f"{receiver.url}/delay/1500", "uid": "slow"}
            assert api.post("/app/kept/endpoint", json=slow).status_code == 201
            secret = api.get("/app/kept/endpoint/slow/secret").json()
            message = {"eventType": "a", "payload": {"n": 1}, "eventId": "evt-1"}
            first = api.post("/app/kept/msg", json=message).json()
        assert receiver.wait_for(1)

        assert platform.stop(signal.SIGTERM) == 0
        assert platform.left_behind() == []
        assert not platform.state_path.exists()
        # Its attempt was in flight, and was let end.
        (entry,) = receiver.entries()
        assert entry["accepted_times"] == 1
        platform.start()

        assert platform.key == key
        with platform.client() as api:
            assert api.get("/app/kept").json()["name"] == "Kept"
            assert api.get("/app/kept/endpoint/slow/secret").json() == secret
            assert api.get("/app/kept/msg/evt-1").json()["id"] == first["id"]
            assert api.post("/app/kept/msg", json=message).status_code == 409
            (attempt,) = api.get(f"/app/kept/attempt/msg/{first['id']}").json()["data"]
            assert (attempt["status"], attempt["responseStatusCode"]) == (0, 200)
            further = {"eventType": "a", "payload": {"n": 2}}
            second = api.post("/app/kept/msg", json=further).json()
        receiver.wait_accepted(second["id"])
        assert receiver.summary()["received"] == 2
        assert platform.stop() == 0


def test_a_service_that_dies_again_and_again_ends_the_platform(platform_folder: Path) -> None:
    with DevPlatform(platform_folder) as platform:
        # What it finds at its next start is not its schema any more.
        schema = platform.database_path("dispatcher")
        for leftover in schema.parent.glob(f"{schema.name}*"):
            leftover.unlink()
        os.kill(platform.pid("dispatcher"), signal.SIGKILL)

        assert platform.process.wait(60) == 1

        last_line = platform.logs().splitlines()[-1]
        assert last_line.startswith("angarium: dispatcher ")
        assert platform.left_behind() == []
        assert not platform.state_path.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--port", "99999"), "--port"),
        (("--port", "none"), "--port"),
        (("--database", "oracle"), "--database"),
        (("--log-format", "xml"), "--log-format"),
        (("--no-such-flag",), "--no-such-flag"),
        (("--api-key", "short"), "--api-key"),
        (("--host", "no.such.host.invalid"), "--host"),
    ],
)
def test_bad_flags_are_refused_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    refused = run_angarium(["dev", "--data-dir", str(tmp_path / "data"), *arguments])

    assert refused.returncode == 2
    assert_one_line(refused.stderr, words)


def test_a_taken_port_is_refused_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run_angarium(["dev", "--data-dir", str(tmp_path / "data"), "--port", str(port)])

    assert refused.returncode == 2
    assert_one_line(refused.stderr, f"port {port}", "--port")


def test_a_data_folder_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "version").write_text("99.0.0\n")

    refused = run_angarium(["dev", "--data-dir", str(folder), "--port", "0"])

    assert refused.returncode == 2
    assert_one_line(refused.stderr, "99.0.0", "--data-dir")
    assert (folder / "version").read_text() == "99.0.0\n"


def test_a_folder_in_use_is_refused_and_its_platform_not_disturbed(platform: DevPlatform) -> None:
    before = platform.state

    refused = run_angarium(["dev", "--data-dir", str(platform.data_dir), "--port", "0"])

    assert refused.returncode == 2
    assert_one_line(refused.stderr, str(platform.data_dir), "in use")
    assert platform.state == before
    with platform.client() as api:
        assert api.get("/app").status_code == 200


def assert_one_line(text: str, *words: str) -> None:
    assert text.count("\n") == 1, text
    assert text.startswith("angarium: ")
    for word in words:
        assert word in text
