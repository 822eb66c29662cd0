"""The programs that `angarium dev` runs beside itself."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from angarium_cli.service_names import ServiceName

# Without the working folder in front of the module path: what lies there is not ours.
_PYTHON = [sys.executable, "-P", "-m"]


@dataclass(frozen=True, slots=True)
class Programs:
    """Commands: a service's process, and the one that prepares the databases."""

    service: Callable[[ServiceName], list[str]]
    preparation: list[str]


def installed_programs() -> Programs:
    """The programs of this installation, tied to this process."""
    pid = str(os.getpid())
    return Programs(
        service=lambda name: [*_PYTHON, "angarium_cli.dev.service_entry", name, pid],
        preparation=[*_PYTHON, "angarium_cli.dev.preparation"],
    )
