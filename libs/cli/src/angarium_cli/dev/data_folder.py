"""The folder that keeps a local platform's data from one start to the next."""

import base64
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from angarium_cli.engines.folder_claim import FolderClaim
from angarium_cli.failure import CommandFailed, EngineFailed
from angarium_cli.release import release_of
from angarium_cli.services import ServiceName

_KEY_BYTES = 32


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600, atomically: a reader sees the old text or the new one."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@dataclass(frozen=True, slots=True)
class DevState:
    """dev.json: how other programs find the platform that runs on a data folder.

    Mappings are by service name. `pids` also has `valkey`, `postgres` if it runs, and `dev`, the
    supervisor.
    """

    api_url: str
    api_key: str = field(repr=False)
    redis_url: str
    database_urls: dict[str, str] = field(repr=False)
    internal_urls: dict[str, str]
    pids: dict[str, int]

    def write(self, path: Path) -> None:
        """Replace the file at `path` atomically, with mode 0600."""
        members = {name: getattr(self, name) for name in self.__slots__}
        write_private(path, json.dumps(members, indent=2) + "\n")


class DataFolder:
    """An open data folder: claimed by this process until `close`.

    version          newest program version that has used it
    encryption-key   key that seals endpoint secrets (0600)
    encryption-key-fallbacks   further keys that open them, if you rotate it
    api-key          generated API key (0600)
    dev.json         `DevState` of the running platform (0600)
    sqlite/          the services' databases, unless they are in Postgres
    valkey/, postgres/   the engines' data and logs
    """

    def __init__(self, path: Path, claim: FolderClaim) -> None:
        self.path = path
        self._claim = claim

    @classmethod
    def open(cls, path: Path, version: str, random_bytes: Callable[[int], bytes]) -> Self:
        """Claim the folder for a program of `version`, creating what is missing.

        Raises CommandFailed if another process has claimed it, if its data belong to a newer
        version, or if it cannot be used.
        """
        # As root, Postgres runs as another user, who must be able to enter.
        claim = FolderClaim("Angarium", path, 0o711 if os.geteuid() == 0 else 0o700)
        try:
            claim.acquire()
        except EngineFailed as failure:
            raise CommandFailed(f"{failure.what}. {failure.remedy}") from failure
        folder = cls(path, claim)
        try:
            folder._require_version(version)
            folder._require_encryption_key(random_bytes)
            write_private(folder._version_path, f"{version}\n")
            folder.state_path.unlink(missing_ok=True)
        except (OSError, UnicodeDecodeError) as error:
            claim.release()
            raise CommandFailed(
                f"the data folder {path} cannot be used: {error}; choose another with --data-dir"
            ) from error
        except CommandFailed:
            claim.release()
            raise
        return folder

    def close(self) -> None:
        """Release the folder."""
        self._claim.release()

    @property
    def state_path(self) -> Path:
        """The path of dev.json."""
        return self.path / "dev.json"

    @property
    def encryption_key_path(self) -> Path:
        """The file that holds the services' encryption key, in base64."""
        return self.path / "encryption-key"

    def sqlite_url(self, service: ServiceName) -> str:
        """The URL of a service's SQLite database. Creates its folder."""
        parent = self.path / "sqlite"
        parent.mkdir(mode=0o700, exist_ok=True)
        return f"sqlite+aiosqlite:///{parent / service}.db"

    def api_key(self) -> str | None:
        """The API key that an earlier start generated, if any."""
        try:
            return self._api_key_path.read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None

    def keep_api_key(self, token: str) -> None:
        """Keep a generated API key for the next start."""
        write_private(self._api_key_path, f"{token}\n")

    @property
    def _api_key_path(self) -> Path:
        return self.path / "api-key"

    @property
    def _version_path(self) -> Path:
        return self.path / "version"

    def _require_version(self, version: str) -> None:
        if not self._version_path.exists():
            return
        text = self._version_path.read_text(encoding="utf-8").strip()
        found, ours = release_of(text), release_of(version)
        if found is None:
            raise CommandFailed(
                f"{self._version_path} does not hold a version; restore it, or choose another"
                " folder with --data-dir"
            )
        if ours is not None and found > ours:
            raise CommandFailed(
                f"the data folder {self.path} is of the newer version {text}, this is {version};"
                f" run version {text}, or choose another folder with --data-dir"
            )

    def _require_encryption_key(self, random_bytes: Callable[[int], bytes]) -> None:
        if self.encryption_key_path.exists():
            return
        if self._version_path.exists():
            raise CommandFailed(
                f"{self.encryption_key_path} is gone, and without it the endpoints' secrets cannot"
                " be read; restore it, or choose another folder with --data-dir"
            )
        key = base64.b64encode(random_bytes(_KEY_BYTES)).decode("ascii")
        write_private(self.encryption_key_path, f"{key}\n")
