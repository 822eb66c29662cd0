"""A shell that runs the blocks of a guide against a platform, as a reader would."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..child_process import ANGARIUM, bare_environment  # noqa: TID252 - no installed package
from .code_blocks import Block

# A stream of events has no end: what counts is that it begins.
_CURL = """\
curl() {
  case " $* " in
    *" -N "*)
      rm -f events
      command curl "$@" --fail --output events &
      until [ -s events ]; do kill -0 $! || return 1; sleep 0.05; done
      kill $! ;;
    *" -fsS "*) command curl "$@" --max-time 30 ;;
    *) command curl "$@" --silent --show-error --fail-with-body --max-time 30 ;;
  esac
}
"""
_RUN_TIMEOUT_S = 120
PROGRAMS = Path(__file__).parent / "programs"
"""Programs that a machine with git, make and Python may lack."""
PATH = f"{PROGRAMS}:{Path(ANGARIUM).parent}:{os.environ['PATH']}"


class GuidedShell:
    """bash in a folder with the platform's `.angarium`, with `variables` and answers to prompts.

    `call` is the function that the guides define. What stands for an id or an address in a guide
    is replaced by `real`.
    """

    def __init__(
        self, folder: Path, call: Block, variables: Mapping[str, str], real: Mapping[str, str]
    ) -> None:
        self._folder = folder
        self._call = call
        self._variables = variables
        self._real = real

    def run(self, blocks: Sequence[Block], **variables: str) -> str:
        """Run the blocks one after the other, in one shell; returns what they print."""
        script = "\n".join(block.text for block in blocks)
        for written, here in self._real.items():
            script = script.replace(written, here)
        done = subprocess.run(
            ["bash", "-euc", f"set -o pipefail\n{_CURL}\n{self._call.text}\n{script}"],
            cwd=self._folder,
            env=bare_environment(
                **self._variables,
                **variables,
                PATH=PATH,
            ),
            input="y\n" * 10,
            capture_output=True,
            text=True,
            timeout=_RUN_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"{blocks[0].name}: {done.stdout}\n{done.stderr}"
        return done.stdout
