"""dev.json: how other programs find the platform that runs on a data folder."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from angarium_cli.dev.private_file import write_private


@dataclass(frozen=True, slots=True)
class DevState:
    """What runs now. Mappings are by service name; `pids` also has `valkey`, `postgres` (when it
    runs) and `dev`, the process that watches over them."""

    api_url: str
    api_key: str = field(repr=False)
    redis_url: str
    database_urls: dict[str, str] = field(repr=False)
    internal_urls: dict[str, str]
    pids: dict[str, int]

    def write(self, path: Path) -> None:
        """Replace the file at `path`, atomically, with mode 0600."""
        members = {name: getattr(self, name) for name in self.__slots__}
        write_private(path, json.dumps(members, indent=2) + "\n")
