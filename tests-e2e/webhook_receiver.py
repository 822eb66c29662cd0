"""The receiver of receiver/ as a child process, and its ledger."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx

from .child_process import bare_environment, start_process
from .waiting import until

_PROGRAM = Path(__file__).parent / "receiver" / "receiver.py"
_STOP_TIMEOUT_S = 10.0
WAIT_S = 60.0
"""Only a failure waits so long. A busy machine takes its time."""


class WebhookReceiver:
    """A receiver of its own: nothing else's webhooks are in its ledger. See receiver.py for
    what paths do, and ledger.Entry for what is known of a webhook."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, str(_PROGRAM), "--keep-bodies"]
        self._process = start_process(
            command,
            bare_environment(),
            out=subprocess.PIPE,
            errors=subprocess.DEVNULL,
            at_our_end=signal.SIGKILL,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.url = f"http://127.0.0.1:{json.loads(line)['port']}"
        self._client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._client.close()
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def summary(self) -> dict[str, Any]:
        """Totals."""
        totals: dict[str, Any] = self._client.get("/ledger").json()
        return totals

    def entries(self, path: str = "") -> list[dict[str, Any]]:
        """What was received, on this path if one is given."""
        found: list[dict[str, Any]] = self._client.get("/ledger/entries").json()
        return [entry for entry in found if not path or entry["path"] == path]

    def ids(self, path: str = "") -> set[str]:
        """The webhook ids received."""
        return {entry["id"] for entry in self.entries(path)}

    def wait_for(self, distinct: int, timeout_s: float = WAIT_S) -> bool:
        """Whether so many webhooks were received, after waiting for them."""
        answer = self._client.get(
            f"/ledger/wait/{distinct}/{int(timeout_s * 1000)}", timeout=timeout_s + 10
        )
        return answer.status_code == 200

    def wait_for_ids(self, wanted: set[str], timeout_s: float = WAIT_S, path: str = "") -> None:
        """Wait until all of these were received."""
        self.wait_for(len(wanted), timeout_s)
        until(
            lambda: wanted <= self.ids(path), timeout_s, f"all {len(wanted)} webhooks are received"
        )

    def wait_accepted(
        self, message_id: str, timeout_s: float = WAIT_S, path: str = ""
    ) -> dict[str, Any]:
        """The webhook of this message once it was answered with success."""

        def accepted() -> dict[str, Any] | None:
            found = [entry for entry in self.entries(path) if entry["id"] == message_id]
            return next((entry for entry in found if entry["accepted_times"]), None)

        return until(accepted, timeout_s, f"{message_id} is accepted")
