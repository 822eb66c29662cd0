"""The folder that keeps a local platform's data from one start to the next."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Self

from angarium_cli.dev.private_file import write_private
from angarium_cli.engines.failure import EngineFailed
from angarium_cli.engines.folder_claim import FolderClaim
from angarium_cli.failure import CommandFailed
from angarium_cli.release import release_of
from angarium_cli.service_names import ServiceName

_KEY_BYTES = 32


class DataFolder:
    """An open data folder: claimed by this process until `close`.

    version          the newest program version that worked with it
    encryption-key   what endpoint secrets are sealed with (0600)
    api-key          the generated API key (0600)
    dev.json         how to reach what runs now (0600)
    sqlite/          the services' databases, unless they are in Postgres
    valkey/, postgres/   the engines' data and logs
    """

    def __init__(self, path: Path, claim: FolderClaim) -> None:
        self.path = path
        self._claim = claim

    @classmethod
    def open(cls, path: Path, version: str, random_bytes: Callable[[int], bytes]) -> Self:
        """Claim the folder for a program of `version`, making what is missing.

        Raises CommandFailed when another process has it, when its data are of a newer version,
        or when it cannot be used.
        """
        # As root Postgres runs as another user, who must be able to enter.
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
        """Give the folder back."""
        self._claim.release()

    @property
    def state_path(self) -> Path:
        """Where dev.json is."""
        return self.path / "dev.json"

    @property
    def encryption_key_path(self) -> Path:
        """The file with the services' encryption key, in base64."""
        return self.path / "encryption-key"

    def sqlite_url(self, service: ServiceName) -> str:
        """The URL of a service's SQLite database; its folder is there."""
        parent = self.path / "sqlite"
        parent.mkdir(mode=0o700, exist_ok=True)
        return f"sqlite+aiosqlite:///{parent / service}.db"

    def api_key(self) -> str | None:
        """The API key that an earlier start generated."""
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
