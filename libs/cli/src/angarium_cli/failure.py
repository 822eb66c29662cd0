"""The one error of the command line."""

from collections.abc import Iterator
from contextlib import contextmanager


class CommandFailed(Exception):
    """A command cannot do what was asked. The text is shown as one line and never holds a secret.

    It says what is wrong and what to do about it. `exit_status` is 2 for what the caller can put
    right, 1 for what went wrong at work.
    """

    def __init__(self, text: str, *, exit_status: int = 2) -> None:
        super().__init__(" ".join(text.split()))
        self.exit_status = exit_status


@contextmanager
def ungrouped() -> Iterator[None]:
    """Lets a CommandFailed leave a task group as itself. Groups with other errors stay groups."""
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
