"""The receiver: each path behaves as it says, and the ledger tells what arrived."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

RECEIVER = str(Path(__file__).parent / "receiver.py")


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


@pytest.fixture
def process(ledger_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, RECEIVER, "--ledger", str(ledger_path), "--keep-bodies"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        yield started
        started.terminate()


@pytest.fixture
def client(process: subprocess.Popen[str]) -> Iterator[httpx.Client]:
    assert process.stdout is not None
    port = json.loads(process.stdout.readline())["port"]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as made:
        yield made


def post(client: httpx.Client, path: str, webhook_id: str = "msg_1") -> int:
    headers = {
        "webhook-id": webhook_id,
        "Webhook-Timestamp": "1614265330",
        "webhook-signature": "v1,Abc=",
    }
    return client.post(path, headers=headers, content=b'{"a": 1}').status_code


def ledger(client: httpx.Client) -> dict[str, Any]:
    summary: dict[str, Any] = client.get("/ledger").json()
    return summary


def test_the_ledger_tells_what_arrived(client: httpx.Client) -> None:
    assert post(client, "/ok/a") == 200
    assert post(client, "/ok/b") == 200
    assert ledger(client) == {
        "received": 2,
        "distinct": 2,
        "duplicates": 0,
        "unidentified": 0,
        "untracked": 0,
        "paths": {"/ok/a": 1, "/ok/b": 1},
    }
    first, second = client.get("/ledger/entries").json()
    assert (first["id"], first["path"], first["times"]) == ("msg_1", "/ok/a", 1)
    assert (first["timestamp"], first["signature"]) == ("1614265330", "v1,Abc=")
    assert first["body"] == '{"a": 1}'
    assert first["first_ns"] == first["last_ns"] < second["first_ns"]
    assert client.get("/ledger/entries/1/5").json() == [second]


def test_a_repeat_is_a_duplicate_only_after_a_success(client: httpx.Client) -> None:
    assert [post(client, "/fail/2") for _ in range(4)] == [500, 500, 200, 200]
    assert ledger(client)["duplicates"] == 1
    assert post(client, "/fail/2", "msg_2") == 500


def test_paths_choose_the_status_and_the_delay(client: httpx.Client) -> None:
    assert post(client, "/status/410") == 410
    assert post(client, "/status/204", "msg_2") == 204
    assert post(client, "/delay/20", "msg_3") == 200
    assert post(client, "/elsewhere", "msg_4") == 404


def test_a_hanging_path_records_and_never_answers(client: httpx.Client) -> None:
    with pytest.raises(httpx.ReadTimeout):
        client.post("/hang", headers={"webhook-id": "msg_1"}, timeout=0.3)
    assert ledger(client)["paths"] == {"/hang": 1}


def test_one_can_wait_for_webhooks(client: httpx.Client) -> None:
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(client.get, "/ledger/wait/2/10000")
        post(client, "/ok", "msg_1")
        post(client, "/ok", "msg_2")
        assert waiting.result().status_code == 200
    assert client.get("/ledger/wait/3/10").status_code == 504


def test_the_ledger_can_be_cleared(client: httpx.Client) -> None:
    post(client, "/ok")
    client.delete("/ledger")
    assert ledger(client)["received"] == 0


def test_pieces_and_several_requests_in_one_piece_are_understood(client: httpx.Client) -> None:
    request = b"POST /ok HTTP/1.1\r\nWEBHOOK-ID: msg_%d\r\nContent-Length: 3\r\n\r\nabc"
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as connection:
        for byte in request % 1:
            connection.sendall(bytes([byte]))
        connection.sendall(request % 2 + request % 3)
        received = b""
        while received.count(b"200 OK") < 3:
            received += connection.recv(4096)
    assert [entry["id"] for entry in client.get("/ledger/entries").json()] == [
        "msg_1",
        "msg_2",
        "msg_3",
    ]


def test_what_it_cannot_read_is_refused(client: httpx.Client) -> None:
    assert client.post("/ok", content=iter([b"chunked"])).status_code == 411


def test_the_ledger_is_written_at_the_end(
    client: httpx.Client, process: subprocess.Popen[str], ledger_path: Path
) -> None:
    post(client, "/ok")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    (line,) = ledger_path.read_text().splitlines()
    assert json.loads(line)["id"] == "msg_1"
