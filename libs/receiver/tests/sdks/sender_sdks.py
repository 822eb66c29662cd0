"""Webhooks that SDKs of their senders verify as the receiver does: `make test-sender-sdks`.

pytest collects this file only when it is named. The SDKs of Linear, Shopify and Zoom are packages
of Node, as is the one of X-Hub-Signature, by which Intercom signs. DocuSign's is a package for
Django that verifies Connect's webhooks; only its functions for that are used, as it needs a Django
of 2022.
"""

import ast
import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from angarium_receiver import SENDERS, Receiver, SignatureMismatch

from libs.receiver.tests.unit.sender_examples import DOCUMENTED, PUBLISHED, SECRET, Example

HERE = Path(__file__).parent
UV = HERE.parents[3] / ".ci/uv"
NODE, NPM = (Path(sys.executable).with_name(name) for name in ("node", "npm"))
RUN_TIMEOUT_S = 300
SHOPIFY = {"X-Shopify-Shop-Domain": "acme.myshopify.com", "X-Shopify-API-Version": "2026-07"}


def run(*command: str | Path, folder: Path, given: str = "") -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": f"{NODE.parent}:{os.environ['PATH']}"},
        input=given,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def example_of(sender: str) -> Example:
    return next(each for each in [*PUBLISHED, *DOCUMENTED] if each.sender == sender)


def linear() -> Example:
    """Linear's SDK takes webhooks of the last minute only."""
    now_s = int(time.time())
    body = json.dumps({"type": "Comment", "webhookTimestamp": now_s * 1000}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Linear-Signature": signature}
    return Example("linear", headers, body, event_type="Comment", now_s=now_s)


def shopify() -> Example:
    example = example_of("shopify")
    return replace(example, headers={**example.headers, **SHOPIFY})


def of_node() -> list[Example]:
    """An example of each sender, each followed by it with another body."""
    examples = [example_of("intercom"), linear(), shopify(), example_of("zoom")]
    return [each for one in examples for each in (one, changed(one))]


def changed(example: Example) -> Example:
    return replace(example, body=example.body.replace(b"e", b"f", 1))


def verified_by_us(example: Example) -> bool:
    known = Receiver(example.secret, sender=SENDERS[example.sender], clock=lambda: example.now_s)
    try:
        known.verify(example.request())
    except SignatureMismatch:
        return False
    return True


def as_json(example: Example) -> dict[str, Any]:
    request = example.request()
    return {
        "sender": example.sender,
        "secret": example.secret,
        "headers": dict(request.headers),
        "body": request.body.decode(),
    }


def test_sdks_of_node_verify_what_we_do(tmp_path: Path) -> None:
    folder = tmp_path / "sdks"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("node_modules", "*.py"))
    run(NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
    examples = of_node()

    verdicts = json.loads(
        run(NODE, "verify.mjs", folder=folder, given=json.dumps([*map(as_json, examples)]))
    )

    assert verdicts == [True, False] * 4
    assert [*map(verified_by_us, examples)] == verdicts


def test_los_docusign_verifies_what_we_do(tmp_path: Path) -> None:
    install = ("pip", "install", "--quiet", "--no-deps", "--require-hashes", "--target", tmp_path)
    run(UV, *install, "-r", HERE / "requirements.txt", folder=tmp_path)
    source = (tmp_path / "los_docusign/utils/docusign_helper.py").read_text()
    named = {"ComputeHash", "HashIsValid", "validate_received_webhook"}
    found = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name in named
    ]
    assert len(found) == len(named)
    docusign: dict[str, Any] = {"base64": base64, "hashlib": hashlib, "hmac": hmac}
    exec(compile(ast.Module([*found], []), "los_docusign", "exec"), docusign)
    example = example_of("docusign")

    for each, expected in ((example, True), (changed(example), False)):
        signature = each.headers["X-DocuSign-Signature-2"]
        verdict = docusign["validate_received_webhook"](each.secret, each.body, signature)
        assert verdict is expected
        assert verified_by_us(each) is expected
