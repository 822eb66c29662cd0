"""How a process ended, in words."""

import signal


def describe_end(return_code: int) -> str:
    """For a return code as `subprocess` has it: negative is the number of a signal."""
    if return_code >= 0:
        return f"exit status {return_code}"
    try:
        return f"killed by {signal.Signals(-return_code).name}"
    except ValueError:
        return f"killed by signal {-return_code}"
