"""The one error of the command line."""


class CommandFailed(Exception):
    """A command cannot do what was asked. The text is shown as one line and never holds a secret.

    It says what is wrong and what to do about it. `exit_status` is 2 for what the caller can put
    right, 1 for what went wrong at work.
    """

    def __init__(self, text: str, *, exit_status: int = 2) -> None:
        super().__init__(" ".join(text.split()))
        self.exit_status = exit_status
