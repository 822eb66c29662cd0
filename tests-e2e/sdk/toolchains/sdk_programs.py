"""SDKs whose toolchain a machine may lack, against a running platform: `make test-sdks`.

pytest collects this file only when it is named.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from ...child_process import bare_environment  # noqa: TID252 - tests are no installed package
from ...dev_platform import DevPlatform  # noqa: TID252

FOLDER = Path(__file__).parent
RUN_TIMEOUT_S = 170


def run(folder: str, command: list[str], platform: DevPlatform) -> None:
    program = shutil.which(command[0])
    assert program is not None, f"{command[0]} is not installed: see {FOLDER / 'README.md'}"
    ended = subprocess.run(
        [program, *command[1:]],
        cwd=FOLDER / folder,
        env=bare_environment(PLATFORM_URL=platform.url, PLATFORM_KEY=platform.key),
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_go_sdk_drives_the_platform_and_verifies_webhooks(platform: DevPlatform) -> None:
    run("go", ["go", "test", "-count=1", "-mod=readonly", "-timeout=120s", "./..."], platform)


@pytest.mark.parametrize("language", ["java", "kotlin"])
def test_an_sdk_of_the_jvm_drives_the_platform_and_verifies_webhooks(
    language: str, platform: DevPlatform, tmp_path: Path
) -> None:
    run(
        language,
        ["mvn", "-q", "-B", f"-Dbuild.folder={tmp_path}", "compile", "exec:java"],
        platform,
    )
