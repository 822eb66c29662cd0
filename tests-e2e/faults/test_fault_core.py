"""The core of `make faults`: each kind of fault once, on two processes of each service."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from . import run_suite
from .catalogue import CORE
from .stage import Stage
from .suite_table import heading, line, summary
from .trial import Account

SEED = 6
PATIENCE = 4.0
"""Other tests run beside this one; `make faults` measures."""
RATE = 60.0
LOAD_AFTER_S_MAX = 1.5
"""Then nothing new is posted, and all that was must arrive."""


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A stage whose logs and data stay when its test fails."""
    folder = Path(tempfile.mkdtemp(prefix="angarium-faults-"))
    folder.chmod(0o711)
    failed_before = request.session.testsfailed
    with Stage(
        folder / "stage", patience=PATIENCE, rate=RATE, load_after_s_max=LOAD_AFTER_S_MAX
    ) as running:
        yield running
    if request.session.testsfailed == failed_before:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(420)
def test_nothing_is_lost_whatever_breaks(stage: Stage) -> None:
    accounts: list[Account] = []
    print(heading())
    for scenario in CORE:
        for account in scenario.run(stage, Random(f"{SEED} {scenario.name}")):
            print(line(account), flush=True)
            accounts.append(account)
            # Logs and data are of this one, then.
            assert not account.problems, f"{line(account)}\nLogs and data: {stage.folder}"
    print(summary(accounts))


def test_a_suite_without_a_scenario_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["run_suite", "--only", "redis-flushed"])
    assert run_suite.main() == 2
    assert "redis-flushed" in capsys.readouterr().err
