"""The guide's receivers accept genuine webhooks and refuse all others: Python and JavaScript."""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from angarium_signing.secret import sign

from .signed_webhooks import SECRET, block, run, webhooks

NODE = str(Path(sys.executable).with_name("node"))
LOOP = """
import { createInterface } from "node:readline";
for await (const line of createInterface({ input: process.stdin })) {
  const [id, sentAt, signature, body] = line.split("\\t");
  const headers = { "webhook-id": id, "webhook-timestamp": sentAt, "webhook-signature": signature };
  console.log(isGenuine(headers, Buffer.from(body, "base64")));
}
"""


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)


def test_python_without_a_library() -> None:
    known: dict[str, Any] = {}
    exec(block("python").text, known)

    for each in webhooks():
        assert known["is_genuine"](each.headers, each.body) is each.genuine, each


def test_python_with_a_library() -> None:
    known: dict[str, Any] = {}
    exec(block("python", 0).text, known)

    for each in webhooks():
        event = known["event_of"](each.headers, each.body)
        assert event == (json.loads(each.body) if each.genuine else None), each


def test_javascript_without_a_library(tmp_path: Path) -> None:
    (tmp_path / "receiver.mjs").write_text(block("js").text + LOOP)

    run([NODE, "receiver.mjs"], tmp_path)


def test_what_belongs_together_does() -> None:
    sample = json.loads(block("json").text)
    key = base64.b64decode(sample["secret"].removeprefix("whsec_"))

    signature = sign(
        key, sample["webhook-id"], int(sample["webhook-timestamp"]), sample["body"].encode()
    )
    assert signature == sample["webhook-signature"]
    assert len(sample["body"]) == 14
