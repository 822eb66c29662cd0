"""The errors of the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit statuses of the command, as docs/how-to/use-the-command-line.md lists them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_FOUND = 4
    NOT_LOGGED_IN = 5


class CommandFailed(Exception):
    """A command cannot do what was asked.

    The text is one line that says what is wrong and what to do about it, and never holds a secret.
    `exit_status` is 2 for what the caller can correct, 1 for what failed at work; commands that use
    the API tell more apart (`ExitStatus`).
    """

    def __init__(self, text: str, *, exit_status: int = ExitStatus.USAGE) -> None:
        super().__init__(" ".join(text.split()))
        self.exit_status = int(exit_status)


class EngineFailed(CommandFailed):
    """An embedded engine failed. The text is `engine: what. remedy`; the parts are attributes."""

    def __init__(self, engine: str, what: str, remedy: str) -> None:
        self.engine = engine
        self.what = " ".join(what.split())
        self.remedy = remedy
        super().__init__(f"{engine}: {self.what}. {remedy}", exit_status=1)


@contextmanager
def ungrouped() -> Iterator[None]:
    """Let a CommandFailed leave a task group as itself. Groups with other errors stay groups."""
    try:
        yield
    except BaseExceptionGroup as group:
        found, others = group.split(CommandFailed)
        if found is None or others is not None:
            raise
        raise _first_of(found) from None


def _first_of(group: BaseExceptionGroup[CommandFailed]) -> CommandFailed:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
