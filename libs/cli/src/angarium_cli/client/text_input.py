"""Text that a command reads from a file or from standard input."""

import sys
from pathlib import Path
from typing import Final

from angarium_cli.failure import CommandFailed

BYTES_MAX: Final = 16 * 1024 * 1024


def read_bytes(path: Path) -> bytes:
    """The bytes of a file; `-` is standard input. Raises CommandFailed."""
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(BYTES_MAX + 1)
        else:
            with path.open("rb") as file:
                content = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise CommandFailed(f"cannot read {path}: {error.strerror}") from error
    if len(content) > BYTES_MAX:
        raise CommandFailed(f"{path} is larger than {BYTES_MAX >> 20} MiB")
    return content


def read_text(path: Path) -> str:
    """As `read_bytes`, decoded from UTF-8."""
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError:
        raise CommandFailed(f"{path} is not UTF-8 text") from None
