"""Schemathesis sends every operation of our document what it allows, and what it does not.

`SCHEMATHESIS_SECONDS` is the time that it has: the few seconds of `make test` are a sample, and
`make schemathesis` sets more. The requests follow from `SCHEMATHESIS_SEED`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..child_process import bare_environment  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252

FOLDER = Path(__file__).parent
SAMPLE_S = 15
SECONDS = int(os.environ.get("SCHEMATHESIS_SECONDS", SAMPLE_S))
SEED = os.environ.get("SCHEMATHESIS_SEED", "12")
SAMPLE = ("--phases", "examples,fuzzing,stateful", "--max-examples", "3")
WHOLE = ("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "100")


@pytest.mark.timeout(SECONDS + 240)
def test_every_operation_is_as_the_document_says(platform_folder: Path, tmp_path: Path) -> None:
    with DevPlatform(platform_folder) as platform:
        ended = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                f"--config-file={FOLDER / 'schemathesis.toml'}",
                "--no-color",
                "run",
                f"{platform.url}/api/v1/openapi.json",
                f"--header=Authorization: Bearer {platform.key}",
                f"--seed={SEED}",
                f"--max-time={SECONDS}",
                "--continue-on-failure",
                *(SAMPLE if SECONDS <= SAMPLE_S else WHOLE),
            ],
            cwd=tmp_path,
            env=bare_environment(SCHEMATHESIS_HOOKS="refusals", PYTHONPATH=str(FOLDER)),
            capture_output=True,
            text=True,
            timeout=SECONDS + 180,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr + platform.tail()
