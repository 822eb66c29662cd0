"""Fan-out, isolation and recovery, small, against a stand-in for the platform."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
FAKE_PLATFORM = shlex.join([sys.executable, str(HERE / "fake_platform.py")])
FAN_OUT = ("--only", "fan-out", "--fan-out-endpoints", "5", "--fan-out-messages", "20")
ISOLATION = (
    *("--only", "isolation", "--isolation-endpoints", "3", "--hanging-messages", "60"),
    *("--quiet-rate", "50", "--isolation-seconds", "0.6", "--calm-seconds", "0"),
)
RECOVERY = (
    *("--only", "recovery", "--recovery-endpoints", "5", "--recovery-rate", "50"),
    *("--steady-seconds", "1.5", "--down-seconds", "0.6", "--half-seconds", "0.4"),
    *("--after-seconds", "0.5"),
)


def bench(folder: Path, *arguments: str, fault: str = "") -> tuple[int, dict[str, Any], str]:
    """The exit code, the outcomes by scenario, and what was printed."""
    out = folder / "bench.json"
    command = [sys.executable, str(HERE / "bench.py"), "--angarium", FAKE_PLATFORM]
    done = subprocess.run(
        [
            *command,
            "--json",
            str(out),
            "--drain-timeout",
            "0.5" if fault == "lose" else "5",
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env=os.environ | {"FAKE_FAULT": fault, "COLUMNS": "120"},
    )
    policy = json.loads(out.read_text())["policy"] if out.exists() else {}
    return done.returncode, policy, done.stdout + done.stderr


def test_fan_out_delivers_every_message_to_every_endpoint(tmp_path: Path) -> None:
    code, outcomes, printed = bench(tmp_path, *FAN_OUT)
    assert code == 0, printed
    made = outcomes["fan-out"]
    assert made["accounts"]["fan-out"]["delivered"] == made["figures"]["deliveries"] == 100
    assert made["figures"]["deliveries/s"] > 0
    assert made["cost"]["cpu_s"].keys() == {"gateway", "dev", "receiver", "load generator"}
    assert "≥ 8,000" in printed


@pytest.mark.parametrize(("fault", "count"), [("lose", "lost"), ("repeat", "duplicates")])
def test_fan_out_fails_when_its_ledger_does_not_add_up(
    fault: str, count: str, tmp_path: Path
) -> None:
    code, outcomes, printed = bench(tmp_path, *FAN_OUT, fault=fault)
    assert code == 1, printed
    # Two tenths of the messages, at each of the endpoints.
    assert outcomes["fan-out"]["accounts"]["fan-out"][count] == 10


def test_isolation_compares_quiet_endpoints_alone_and_beside_hanging_ones(tmp_path: Path) -> None:
    code, outcomes, printed = bench(tmp_path, *ISOLATION)
    assert code == 0, printed
    made = outcomes["isolation"]
    assert made["accounts"]["quiet alone"]["delivered"] == 30
    assert made["accounts"]["quiet beside it"]["delivered"] == 30
    figures = made["figures"]
    alone, beside = (figures[f"quiet {name} p99 ms"] for name in ("alone", "beside it"))
    assert figures["quiet p99 beside it, by alone"] == pytest.approx(beside / alone)
    # The stand-in keeps eight requests to each endpoint and never gives up.
    assert figures["messages for the hanging"] == 60
    assert figures["hanging: tried at least once"] == figures["hanging: attempts"] == 24
    assert figures["hanging: still parked, never tried"] == 36


def test_isolation_fails_when_a_quiet_message_is_lost(tmp_path: Path) -> None:
    code, outcomes, printed = bench(tmp_path, *ISOLATION, fault="lose")
    assert code == 1, printed
    assert outcomes["isolation"]["accounts"]["quiet beside it"]["lost"] == 3


def test_recovery_tells_what_happened_while_down_and_after(tmp_path: Path) -> None:
    code, outcomes, printed = bench(tmp_path, *RECOVERY, "--down", "refused", "503")
    assert code == 0, printed
    assert outcomes.keys() == {"recovery (refused)", "recovery (503)"}
    for outcome in outcomes.values():
        assert outcome["accounts"]["recovery"]["delivered"] == 150
        figures = outcome["figures"]
        assert figures["steady rate/s"] == pytest.approx(50, abs=15)
        assert figures["peak by steady rate"] > 0
        assert figures["s until it is delivered"] is not None
        assert 0 < figures["retries among them"] < 1
    assert outcomes["recovery (refused)"]["figures"]["requests while down"] <= 1
    assert outcomes["recovery (503)"]["figures"]["requests while down"] > 30


def test_recovery_fails_when_a_message_comes_twice(tmp_path: Path) -> None:
    code, outcomes, printed = bench(tmp_path, *RECOVERY, fault="repeat")
    assert code == 1, printed
    assert outcomes["recovery (refused)"]["accounts"]["recovery"]["duplicates"] >= 15


def test_a_quick_run_is_small_where_no_size_is_given(tmp_path: Path) -> None:
    code, outcomes, printed = bench(
        tmp_path, "--quick", "--only", "fan-out", "--fan-out-endpoints", "5"
    )
    assert code == 0, printed
    assert outcomes["fan-out"]["figures"]["endpoints"] == 5
    assert outcomes["fan-out"]["figures"]["messages"] == 50


def test_an_unknown_way_to_be_down_is_refused(tmp_path: Path) -> None:
    code, _, printed = bench(tmp_path, "--only", "recovery", "--down", "ok")
    assert code == 2
    assert "refused" in printed


def test_a_quiet_tenant_is_measured_alone_and_beside_a_flood(tmp_path: Path) -> None:
    options = ("--only", "tenants", "--quiet-rate", "50", "--tenants-seconds", "0.6")
    code, outcomes, printed = bench(tmp_path, *options)
    assert code == 0, printed
    made = outcomes["tenants"]
    assert made["accounts"].keys() == {"quiet alone", "quiet beside", "flood"}
    assert made["figures"]["flood: messages/s accepted"] > 0
    assert made["figures"]["quiet p99 beside the flood, by alone"] > 0
    assert "≤ 1.5" in printed


def test_memory_is_read_after_each_part_of_the_requests(tmp_path: Path) -> None:
    options = ("--only", "memory", "--memory-requests", "50", "--memory-part", "20")
    code, outcomes, printed = bench(tmp_path, *options)
    assert code == 0, printed
    made = outcomes["memory"]
    assert [each["delivered"] for each in made["accounts"].values()] == [20, 20, 10]
    readings = [f"gateway MB after {requests} requests" for requests in (0, 20, 40, 50)]
    assert [made["figures"][name] > 0 for name in readings] == [True] * 4
    assert "gateway MB more than after the first part" in made["figures"]
