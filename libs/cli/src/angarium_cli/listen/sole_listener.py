"""Keeps two listeners of this machine from sharing a position, where each would miss messages.

The kernel releases the lock with its holder, so that a listener that was killed leaves nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from angarium_cli.client.private_file import config_folder
from angarium_cli.failure import CommandFailed


@contextmanager
def sole_listener(endpoint_id: str, folder: Path | None = None) -> Iterator[None]:
    """The only listener of this user and machine at the endpoint, while the block runs.

    Raises CommandFailed if there is another. Systems without flock do not notice.
    """
    if os.name != "posix":
        yield
        return
    import fcntl

    path = (folder or config_folder()) / f"{endpoint_id}.lock"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("wb")
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandFailed(
                "another `angarium listen` takes these messages on this machine; give this one a"
                " position of its own with --name"
            ) from None
        yield
