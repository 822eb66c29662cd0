"""The load generator and the benchmark, against a stand-in for the platform."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

HERE = Path(__file__).parent
RECEIVER = str(HERE.parent / "receiver" / "receiver.py")
LOAD = str(HERE / "load.py")
BENCH = str(HERE / "bench.py")
FAKE_PLATFORM = shlex.join([sys.executable, str(HERE / "fake_platform.py")])


@pytest.fixture
def receiver_url() -> Iterator[str]:
    with subprocess.Popen([sys.executable, RECEIVER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        process.terminate()


def load(url: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, LOAD, "--url", url, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return summary


def bench(
    folder: Path, *arguments: str, fault: str = ""
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    out = folder / "bench.json"
    command = [sys.executable, BENCH, "--angarium", FAKE_PLATFORM, "--json", str(out)]
    command += ["--seconds", "0.5", "--latency-seconds", "0.5", "--rate", "100", *arguments]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env=os.environ | {"FAKE_FAULT": fault, "COLUMNS": "120"},
    )
    return done, json.loads(out.read_text()) if out.exists() else {}


def test_a_closed_loop_sends_the_count_and_records_each_status(receiver_url: str) -> None:
    summary = load(receiver_url, "--path", "/status/429", "--count", "500", "--seconds", "20")
    assert summary["refused"] == {"429": 500}
    assert summary["accepted"] == summary["unanswered"] == summary["without_answer"] == 0


def test_a_schedule_keeps_its_rate(receiver_url: str) -> None:
    summary = load(receiver_url, "--path", "/ok", "--rate", "200", "--seconds", "1")
    assert summary["refused"] == {"200": 200}
    # The last of them is due after 0.995 s.
    assert summary["seconds"] >= 0.99


def test_what_is_never_answered_is_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        command = [sys.executable, LOAD, "--url", url, "--path", "/", "--connections", "1"]
        command += ["--rate", "10", "--seconds", "0.5", "--answer-timeout", "1"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            connection, _ = listener.accept()
            connection.recv(65536)
            listener.close()
            connection.close()
            assert process.stdout is not None
            summary = json.loads(process.stdout.read())
    assert summary["accepted"] == 0
    assert summary["without_answer"] + summary["unsent"] == 5


def test_an_unreachable_platform_is_one_line() -> None:
    command = [sys.executable, LOAD, "--url", "http://127.0.0.1:1", "--path", "/"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("load: no connection to http://127.0.0.1:1")
    assert done.stderr.count("\n") == 1


def test_the_benchmark_accounts_for_every_message(tmp_path: Path) -> None:
    scenarios = "sender,yardstick,throughput,latency"
    done, report = bench(tmp_path, "--only", scenarios, "--repeat", "2")
    assert done.returncode == 0, done.stderr
    assert len(report["yardstick_rates"]) == len(report["throughputs"]) == 2
    for delivery in (*report["throughputs"], *report["latencies"]):
        assert delivery["accepted"] == delivery["received"] > 0
        assert delivery["lost"] == delivery["duplicates"] == delivery["unacknowledged"] == 0
    assert report["latencies"][0]["accepted"] == 50
    latency_ms = report["latencies"][0]["end_to_end_ms"]
    assert 0 < latency_ms["p50"] <= latency_ms["max"]
    cpu_s = report["throughputs"][0]["cpu_s"]
    assert cpu_s.keys() == {"gateway", "dev", "receiver", "load generator"}
    assert cpu_s["gateway"] > 0
    assert "received/s by yardstick" in done.stdout
    cost = report["cost"]["gateway"]
    for yardstick in ("aiohttp_posts", "loop_rounds"):
        median, least, greatest = cost[yardstick]
        assert 0 < least <= median <= greatest


def test_a_duplicate_fails_the_benchmark(tmp_path: Path) -> None:
    done, report = bench(tmp_path, "--only", "throughput", fault="repeat")
    assert done.returncode == 1
    assert report["duplicates"] > 0
    assert report["lost"] == 0


def test_a_lost_message_fails_the_benchmark(tmp_path: Path) -> None:
    done, report = bench(tmp_path, "--only", "latency", "--drain-timeout", "0.5", fault="lose")
    assert done.returncode == 1
    assert report["lost"] > 0


def test_what_a_workload_loses_fails_the_benchmark(tmp_path: Path) -> None:
    arguments = ("--only", "batches-100", "--repeat", "1", "--drain-timeout", "0.5")
    done, report = bench(tmp_path, *arguments, fault="lose")
    assert done.returncode == 1
    measured = report["workloads"]["batches-100"]
    [run] = measured["runs"]
    assert run["accepted"] % 100 == 0
    assert run["delivered"] + run["lost"] == run["accepted"]
    assert measured["lost"] > 0
    assert run["cpu_us"]["gateway"] > 0


def test_a_platform_that_does_not_start_is_told_with_its_log(tmp_path: Path) -> None:
    script = "import sys; sys.exit('the port is taken')"
    command = shlex.join([sys.executable, "-c", script])
    done, _ = bench(tmp_path, "--only", "latency", "--angarium", command)
    assert done.returncode == 2
    assert "ended with 1" in done.stderr
    assert "the port is taken" in done.stderr


def test_an_interrupted_benchmark_ends_what_it_started(tmp_path: Path) -> None:
    command = [sys.executable, BENCH, "--only", "throughput", "--angarium", FAKE_PLATFORM]
    # As a shell starts what runs in the background.
    command = ["sh", "-c", f"trap '' INT; exec {shlex.join(command)}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "warming up" in process.stdout.readline()
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
    assert len(family) >= 2
    assert not [member for member in family if member.is_running()]
