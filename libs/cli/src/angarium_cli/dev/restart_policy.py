"""When a process that died is started again, and when that is given up."""

from collections.abc import Sequence

WINDOW_S = 60.0
ENDS_MAX = 5
_FIRST_DELAY_S = 0.25
_DELAY_S_MAX = 4.0


def restart_delay_s(ended_at_s: Sequence[float], now_s: float) -> float | None:
    """Seconds to wait before the next start; None to give up.

    `ended_at_s` are the monotonic times at which the process ended, the last end included. It is
    given up at the fifth end within 60 s; before, the wait doubles with every end in that window.
    """
    recent = sum(1 for ended_s in ended_at_s if now_s - ended_s < WINDOW_S)
    if recent >= ENDS_MAX:
        return None
    return min(_FIRST_DELAY_S * 2.0 ** max(recent - 1, 0), _DELAY_S_MAX)
