"""The tests of the console's and the portal's own sources, which Vitest runs."""

import os
import subprocess
import sys
from pathlib import Path

from libs.console.build_assets import install_packages

_WEB = Path(__file__).parents[2] / "web"
_SCRIPTS = Path(sys.executable).parent
RUN_TIMEOUT_S = 150


def test_the_pure_parts_of_the_pages_pass_their_tests() -> None:
    install_packages(_WEB, with_tools=True)
    ran = subprocess.run(
        [_SCRIPTS / "npm", "run", "--silent", "test"],
        cwd=_WEB,
        env={**os.environ, "PATH": f"{_SCRIPTS}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
