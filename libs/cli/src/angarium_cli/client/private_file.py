"""Files in the user's configuration folder that nobody else may read."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

from platformdirs import user_config_path

from angarium_cli.failure import CommandFailed

_BYTES_MAX: Final = 1024 * 1024
_FOREIGN: Final = stat.S_IRWXG | stat.S_IRWXO


def config_folder() -> Path:
    """The folder, such as `~/.config/angarium` on Linux."""
    return user_config_path("angarium", appauthor=False)


def read_private(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if there is no file.

    Raises CommandFailed for a file that others may read, or that is no JSON object.
    """
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _FOREIGN:
                raise CommandFailed(
                    f"{path} can be read by other users; run: chmod 600 {path}, and replace the"
                    " keys in it if others may have seen them"
                )
            found = json.loads(file.read(_BYTES_MAX))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{path} cannot be read: {_reason(error)}; correct it") from None
    if not isinstance(found, dict):
        raise CommandFailed(f"{path} is not a JSON object; correct or delete it")
    return found


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Replace a file as a whole, with mode 0600 from its beginning. Raises CommandFailed."""
    with _written(path, content) as complete:
        complete.replace(path)


def create_private(path: Path, content: dict[str, Any]) -> bool:
    """Create a file as `write_private` does; False if another process was faster.

    Raises CommandFailed.
    """
    with _written(path, content) as complete:
        try:
            path.hardlink_to(complete)
        except FileExistsError:
            return False
    return True


@contextmanager
def _written(path: Path, content: dict[str, Any]) -> Iterator[Path]:
    """A complete file beside `path`, with mode 0600, which is deleted unless it was moved."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            complete = Path(file.name)
            try:
                json.dump(content, file, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
                yield complete
            finally:
                complete.unlink(missing_ok=True)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {_reason(error)}") from None


def _reason(error: OSError | ValueError) -> str:
    # A ValueError of json repeats nothing of the content.
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
