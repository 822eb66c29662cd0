"""The examples run, the documentation shows them, and the wheels work where nothing else is."""

import ast
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from angarium_receiver import Receiver
from angarium_receiver.senders import SENDERS
from angarium_receiver.standard_webhooks import sign

ROOT = Path(__file__).parents[4]
EXAMPLES = ROOT / "libs/receiver/examples"
GUIDE = ROOT / "docs/how-to/receive-with-python.md"
PAGES = [GUIDE, ROOT / "libs/receiver/README.md", ROOT / "libs/pytest-angarium/README.md"]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_PYTHON = re.compile(r"```python.*?\n(.*?)```", re.DOTALL)


def run(*command: str | Path, **options: Any) -> str:
    """The output of a program, which must succeed."""
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


@contextmanager
def started(python: str | Path, program: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A running program; its folder has nothing of the repository."""
    process = subprocess.Popen(
        [python, program, "0"],
        cwd=folder,
        env={**os.environ, "WEBHOOK_SECRET": SECRET, "PYTHONPATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def send(port: int, body: bytes) -> int:
    """Send a signed webhook; gives the status."""
    headers = dict(sign(SECRET, "msg_1", int(time.time()), body))
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", body, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        status: int = response.status
    return status


def new_environment(folder: Path) -> Path:
    """An environment with nothing in it; gives its Python."""
    run(ROOT / ".ci/uv", "venv", "--quiet", "--python", sys.executable, folder)
    return folder / "bin/python"


def wheel_of(package: str, folder: Path) -> Path:
    """Build the wheel of a package."""
    build = (ROOT / ".ci/uv", "build", "--wheel", "--quiet", "--package", package)
    run(*build, "--out-dir", folder, cwd=ROOT)
    (wheel,) = folder.glob(f"{package.replace('-', '_')}-*.whl")
    return wheel


def test_the_receiver_installs_alone_and_runs_its_example(tmp_path: Path) -> None:
    wheel = wheel_of("angarium-receiver", tmp_path)
    python = new_environment(tmp_path / "environment")
    install = (ROOT / ".ci/uv", "pip", "install", "--quiet", "--python", python)
    run(*install, "--no-index", wheel)
    listed = run(ROOT / ".ci/uv", "pip", "list", "--quiet", "--python", python).splitlines()
    assert [each.split()[0] for each in listed[2:]] == ["angarium-receiver"]
    marker = run(
        python,
        "-c",
        "import angarium_receiver as a, pathlib;"
        "print((pathlib.Path(a.__file__).parent / 'py.typed').exists())",
    )
    assert marker == "True\n"

    program = shutil.copy(EXAMPLES / "standard_library.py", tmp_path)
    with started(python, Path(program), tmp_path) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(" ")[2])
        assert send(port, b'{"type":"invoice.paid","amount":42}') == 200
        assert process.stdout.readline() == "paid: 42\n"
        assert send(port, b'{"type":"invoice.voided"}') == 200
        assert process.stdout.readline() == 'received: msg_1 b\'{"type":"invoice.voided"}\'\n'


def test_the_plugin_installs_with_pytest_and_the_receiver_only(tmp_path: Path) -> None:
    wheels = [wheel_of(each, tmp_path) for each in ("angarium-receiver", "pytest-angarium")]
    python = new_environment(tmp_path / "environment")
    run(ROOT / ".ci/uv", "pip", "install", "--quiet", "--python", python, *wheels)
    (tmp_path / "test_it.py").write_text(
        "from angarium_receiver import Receiver\n"
        "from angarium_receiver.frameworks.wsgi import WebhookApp\n"
        "def test_it(webhook_sender, webhook_secret, fake_angarium):\n"
        "    sender = webhook_sender(WebhookApp(Receiver(webhook_secret)))\n"
        "    assert sender.send({}).status == 200\n"
        "    assert sender.tampered({}).status == 401\n"
        "    assert fake_angarium.messages == []\n"
    )
    output = run(python, "-m", "pytest", "-q", "test_it.py", cwd=tmp_path)
    assert "1 passed" in output


def test_the_tests_of_the_examples_pass(tmp_path: Path) -> None:
    for name in ("flask_app.py", "test_flask_app.py", "test_producer.py"):
        shutil.copy(EXAMPLES / name, tmp_path)
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = (sys.executable, "-m", "pytest", "-q", "-p", "pytest_angarium.plugin")
    output = run(*command, cwd=tmp_path, env=environment)
    assert "2 passed" in output


def test_the_fastapi_example_books_once(tmp_path: Path) -> None:
    program = (
        "from fastapi.testclient import TestClient\n"
        "from angarium_receiver.standard_webhooks import sign\n"
        "import fastapi_app, os, sqlite3, time\n"
        'body = b\'{"type":"invoice.paid","cents":4200}\'\n'
        "headers = dict(sign(os.environ['WEBHOOK_SECRET'], 'msg_1', int(time.time()), body))\n"
        "with TestClient(fastapi_app.app) as client:\n"
        "    for _ in range(2):\n"
        "        answer = client.post('/webhooks', content=body, headers=headers)\n"
        "        assert answer.status_code == 200, answer.text\n"
        "print(sqlite3.connect('a.db').execute('select event_id, cents from booking').fetchall())\n"
    )
    environment = {
        **os.environ,
        "WEBHOOK_SECRET": SECRET,
        "ASYNC_DATABASE_URL": "sqlite+aiosqlite:///a.db",
        "PYTHONPATH": str(EXAMPLES),
    }
    output = run(sys.executable, "-c", program, cwd=tmp_path, env=environment)
    assert output == "[('msg_1', 4200)]\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_code_in_the_documentation_is_of_the_examples_or_runs(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WEBHOOK_SECRET", "NEW_WEBHOOK_SECRET", "STRIPE_SECRET", "TWILIO_AUTH_TOKEN"):
        monkeypatch.setenv(name, SECRET)
    shown = "\n".join(each.read_text() for each in EXAMPLES.glob("*.py"))
    blocks = _PYTHON.findall(page.read_text())
    assert blocks
    namespace: dict[str, Any] = {"os": os, "Receiver": Receiver}
    for block in blocks:
        if block not in shown:
            exec(compile(ast.parse(block), page.name, "exec"), namespace)


def test_the_guide_lists_every_sender() -> None:
    listed = re.findall(r"^\| `([A-Z_]+)` \|", GUIDE.read_text(), re.MULTILINE)
    assert [each.lower().replace("_", "-") for each in listed] == list(SENDERS)
