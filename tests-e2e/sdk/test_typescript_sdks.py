"""The TypeScript SDKs of both generations, and the data hooks of svix-react, in typescript/.

Node comes from its wheel. The packages are locked with their digests, and none of their install
scripts is run.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from ..child_process import bare_environment  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252
from ..documentation.signed_webhooks import SECRET, block  # noqa: TID252

PROGRAMS = Path(__file__).parent / "typescript"
NODE, NPM = (Path(sys.executable).with_name(name) for name in ("node", "npm"))
RUN_TIMEOUT_S = 150


def run(*command: str | Path, folder: Path, **variables: str) -> None:
    ended = subprocess.run(
        command,
        cwd=folder,
        # npm starts node by its name.
        env=bare_environment(**variables, PATH=f"{NODE.parent}:/usr/bin:/bin"),
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_typescript_sdks_and_the_react_hooks_work_unchanged(
    platform: DevPlatform, tmp_path: Path
) -> None:
    folder = tmp_path / "typescript"
    shutil.copytree(PROGRAMS, folder, ignore=shutil.ignore_patterns("node_modules"))
    receiver = block("js", 0)
    (folder / "documented.mjs").write_text(receiver.text)
    run(NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
    run(
        NODE,
        "--test",
        "--test-timeout=60000",
        folder=folder,
        PLATFORM_URL=platform.url,
        PLATFORM_KEY=platform.key,
        WEBHOOK_SECRET=SECRET,
    )
