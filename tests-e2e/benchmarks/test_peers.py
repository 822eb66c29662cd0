"""Peers are built or named as missing, run alone, and are compared by the rounds' ratios."""

import asyncio
import json
import os
import sys
from io import StringIO
from pathlib import Path

import psutil
import pytest

sys.path.append(str(Path(__file__).parent))

from event_body import EventBody
from failure import BenchmarkFailed
from peer_programs import build_error, find_outpost, find_svix
from peer_report import FIGURES, Round, Server, cpu_ms, names, peers_table, report, unfair
from peers import Angarium, Outpost, Svix, svix_token
from rich.console import Console
from scenarios import Delivery
from server_program import PeerMissing, environment_of, run_program, running_program

VERSION = "v1.2.3"


def delivery(rate: float, p50: float = 1.0, *, lost: int = 0, refused: int = 0) -> Delivery:
    times = {"p50": p50, "p99": 2 * p50, "max": 3 * p50}
    return Delivery(
        accepted=100,
        accepted_rate=rate,
        refused={"503": refused} if refused else {},
        without_answer=0,
        accept_ms=times,
        lateness_ms=times,
        received=100 - lost,
        received_rate=rate,
        seconds=1.0,
        end_to_end_ms=times,
        lost=lost,
        duplicates=0,
        unacknowledged=0,
        cpu_s={"gateway": 0.02, "postgres": 0.01, "receiver": 5.0, "load generator": 5.0},
        memory_bytes_max={},
    )


def rounds(*pairs: tuple[float, float]) -> list[Round]:
    """Of each pair: messages a second of Outpost, and of Angarium."""
    return [
        Round(
            {"Outpost": delivery(theirs), "Angarium": delivery(ours)},
            {"Outpost": delivery(300, 8.0), "Angarium": delivery(300, 4.0)},
        )
        for theirs, ours in pairs
    ]


def test_the_payload_is_the_same_in_another_envelope() -> None:
    ours = json.loads(EventBody(1024).numbered(7))
    envelope = {"tenant_id": "one", "topic": "bench.event", "data": None}
    body = EventBody(1024, envelope=envelope)
    theirs = json.loads(body.numbered(7))

    assert theirs == {**envelope, "data": ours["payload"]}
    assert len(body) == len(body.numbered(7))


def test_the_ratio_is_that_of_each_round_and_not_of_the_medians() -> None:
    measured = rounds((100, 500), (1_000, 4_000), (200, 600))

    told = report(measured, [Server("Angarium", "1", "")], {"Svix": "gone"}, {"rounds": 3})

    ratios = json.loads(json.dumps(told))["ratios"]["Outpost"]
    assert ratios["received/s at full rate"] == {
        "median": 4.0,
        "low": 3.0,
        "high": 5.0,
        "coverage": 0.75,
    }
    assert ratios["posted to received p50, ms"]["median"] == 0.5
    assert told["medians"]["Angarium"]["received/s at full rate"] == 600  # type: ignore[index]
    assert told["missing"] == {"Svix": "gone"}


def test_the_table_has_angarium_first_and_every_figure() -> None:
    console = Console(record=True, width=160, file=StringIO())
    console.print(peers_table(rounds((100, 500)), 300.0))
    text = console.export_text()

    heading = next(line for line in text.splitlines() if "Outpost" in line)
    assert heading.index("Angarium") < heading.index("Outpost")
    assert all(title in text for title in FIGURES)
    assert "5.00 (5.00–5.00)" in text


def test_one_server_alone_has_no_ratio() -> None:
    alone = [Round({"Angarium": delivery(5)}, {"Angarium": delivery(5)})]

    assert names(alone) == ["Angarium"]
    assert len(peers_table(alone, 300.0).columns) == 2
    assert report(alone, [], {}, {})["ratios"] == {}


def test_engines_count_as_cpu_of_a_message_and_measuring_does_not() -> None:
    assert cpu_ms(delivery(1)) == pytest.approx(0.3)
    assert cpu_ms(delivery(1, lost=100)) == 0.0


def test_refused_and_undelivered_messages_are_told() -> None:
    assert unfair(rounds((1, 2))) == []
    told = unfair(
        [
            Round(
                {"Angarium": delivery(1), "Outpost": delivery(1, lost=3)},
                {"Angarium": delivery(1), "Outpost": delivery(1, refused=2)},
            )
        ]
    )
    assert told == [
        "Outpost did not deliver 3 messages in time at full rate.",
        "Outpost refused or did not answer 2 messages at the given rate.",
    ]


def fake_go(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "go").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_outpost_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'echo "$@" >> "$GOBIN/../asked"; touch "$GOBIN/outpost" "$GOBIN/outpost-server"'
    fake_go(tmp_path / "bin", script, monkeypatch)
    cache = tmp_path / "cache"

    folders = {find_outpost(None, cache, VERSION, build=True) for _ in range(2)}

    assert folders == {cache / "outpost-v1.2.3"}
    assert (cache / "asked").read_text() == (
        "install github.com/hookdeck/outpost/cmd/outpost@v1.2.3"
        " github.com/hookdeck/outpost/cmd/outpost-server@v1.2.3\n"
    )


def test_a_refusing_registry_is_the_reason_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'touch "$GOBIN/outpost"; echo "403 Forbidden: not available" >&2; exit 1'
    fake_go(tmp_path / "bin", script, monkeypatch)

    with pytest.raises(PeerMissing, match=r"failed: 403 Forbidden: not available$"):
        find_outpost(None, tmp_path / "cache", VERSION, build=True)

    assert list((tmp_path / "cache").iterdir()) == []


def test_what_is_not_there_says_what_to_give(tmp_path: Path) -> None:
    (tmp_path / "outpost").touch()
    with pytest.raises(PeerMissing, match="has no outpost-server"):
        find_outpost(tmp_path, tmp_path, VERSION, build=True)
    with pytest.raises(PeerMissing, match="give --outpost"):
        find_outpost(None, tmp_path, VERSION, build=False)
    with pytest.raises(PeerMissing, match="give --svix PROGRAM"):
        find_svix(None)
    with pytest.raises(PeerMissing, match="is no file"):
        find_svix(tmp_path / "svix-server")


def test_a_build_error_is_what_go_says_at_last() -> None:
    stderr = "go: downloading example.com/a v1.0.0\n\ngo: module b: 403\n\tserver: not available\n"
    assert build_error(stderr) == "go: module b: 403 server: not available"
    assert build_error("go: downloading example.com/a v1.0.0\n") == "it says nothing"


def test_the_token_is_found_among_what_is_printed() -> None:
    assert svix_token("svix-server 1.2.3\nToken (Bearer): eyJh.eyJp.s-_9\n") == "eyJh.eyJp.s-_9"
    with pytest.raises(BenchmarkFailed):
        svix_token("svix-server 1.2.3")


def test_the_settings_of_the_report_have_no_secret(tmp_path: Path) -> None:
    for peer in (Angarium("a", "1"), Outpost(tmp_path, "1", 64), Svix(tmp_path, "1")):
        assert not [name for name in peer.settings() if "SECRET" in name or "KEY" in name]


def test_a_peer_sees_none_of_the_settings_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANGARIUM_REDIS_URL", "redis://ours")
    environment = environment_of(tmp_path, {"LOG_LEVEL": "error"})
    assert environment["HOME"] == str(tmp_path)
    assert environment["LOG_LEVEL"] == "error"
    assert "ANGARIUM_REDIS_URL" not in environment


def test_a_server_is_ended_with_what_it_started(tmp_path: Path) -> None:
    async def run() -> list[psutil.Process]:
        async def has_started() -> bool:
            return (tmp_path / "started").exists()

        script = "sleep 1000 & touch started; wait"
        environment = environment_of(tmp_path, {})
        async with running_program(["sh", "-c", script], tmp_path, environment, has_started) as pid:
            server = psutil.Process(pid)
            return [server, *server.children()]

    family = asyncio.run(run())
    assert len(family) == 2
    gone, alive = psutil.wait_procs(family, timeout=30)
    assert len(gone) == 2
    assert alive == []


def test_a_server_that_ends_says_the_end_of_its_log(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    async def run() -> None:
        environment = environment_of(tmp_path, {})
        command = ["sh", "-c", "echo no broker; exit 3"]
        async with running_program(command, tmp_path, environment, never):
            raise AssertionError

    with pytest.raises(BenchmarkFailed, match=r"it ended with 3\. .*\n.*no broker"):
        asyncio.run(run())


def test_a_program_that_fails_says_why(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo no database >&2; exit 4"]
    with pytest.raises(BenchmarkFailed, match="sh ended with 4:\nno database"):
        asyncio.run(run_program(command, tmp_path, environment_of(tmp_path, {})))
