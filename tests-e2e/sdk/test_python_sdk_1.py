"""The Python SDK of the first generation works unchanged: python_1/drive.py is its program.

Its packages are locked with their digests and installed by uv once, into .cache/.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

from ..child_process import bare_environment  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "python_1"
RUN_TIMEOUT_S = 150


def run(*command: str | Path, **variables: str) -> str:
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=bare_environment(**variables),
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def packages() -> Path:
    """The folder with the locked packages, which is complete if it is there."""
    requirements = FOLDER / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    cache = ROOT / ".cache"
    folder = cache / f"svix-1-{sys.version_info.major}.{sys.version_info.minor}-{digest}"
    if not folder.exists():
        cache.mkdir(exist_ok=True)
        made = Path(mkdtemp(dir=cache))
        target = ("--target", made / "packages", "--python", sys.executable)
        locked = ("--require-hashes", "--no-build", "-r", requirements)
        run(ROOT / ".ci" / "uv", "pip", "install", "--quiet", *target, *locked)
        try:
            (made / "packages").replace(folder)
        except OSError:
            assert folder.exists(), "another test run has put it there"
        shutil.rmtree(made)
    return folder


def test_the_python_sdk_of_the_first_generation_works_unchanged(platform: DevPlatform) -> None:
    run(
        *(sys.executable, FOLDER / "drive.py"),
        PYTHONPATH=str(packages()),
        PLATFORM_URL=platform.url,
        PLATFORM_KEY=platform.key,
    )
