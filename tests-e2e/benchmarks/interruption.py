"""How a benchmark is ended before its time."""

import signal


def end_like_ctrl_c() -> None:
    """Have SIGTERM and SIGINT raise KeyboardInterrupt where asyncio cancels the main task, which
    ends what was started."""
    # An exception raised in the handler would come out of whatever the event loop is doing, and
    # could end that instead.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    # A shell starts what runs in the background with this one ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
