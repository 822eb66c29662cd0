"""A program that is killed while it handles webhooks: in the handler, and before it can answer.

Each delivery runs in a process of its own, forked from one that has no connections. Prints, for
each kind of inbox and step at which a delivery was killed, how often the event was handled after
the kill, after the sender's next attempt, and after one more.
"""

import json
import os
import signal
import sys
from collections.abc import Callable

from libs.receiver.tests.inbox.inboxes import KINDS, handled, nowhere, signed

STEPS = ("inserted", "worked", "committed")


def killed(step: str) -> Callable[[str], None]:
    """Kill this process at the step."""

    def at(reached: str) -> None:
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return at


def in_a_process(function: Callable[[], int]) -> int:
    """The result of the function in a process of its own; -9 if that was killed."""
    child = os.fork()
    if child == 0:
        os._exit(function())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def is_killed(kind: str, url: str, event_id: str, step: str) -> bool:
    """Deliver an event, and be killed at the step."""
    at = killed(step)

    def deliver() -> int:
        KINDS[kind](url).deliver(signed(event_id), at)
        at("committed")
        return 0

    return in_a_process(deliver) == -signal.SIGKILL


def counts_after(kind: str, url: str, event_id: str) -> list[int]:
    """How often the event was handled now, and after each of two attempts more."""

    def deliver() -> int:
        counts = [handled(url, event_id)]
        for _ in range(2):
            assert KINDS[kind](url).deliver(signed(event_id), nowhere).status == 200
            counts.append(handled(url, event_id))
        # An exit code has a byte: three digits to the base of five.
        return sum(min(count, 4) * 5**place for place, count in enumerate(counts))

    code = in_a_process(deliver)
    return [code // 5**place % 5 for place in range(3)]


def main(url: str) -> None:
    """Kill a delivery of each kind at each step, and repeat it."""
    counts: dict[str, dict[str, list[int]]] = {}
    for kind in KINDS:
        # Imported once, not in each process.
        KINDS[kind](url)
        counts[kind] = {}
        for step in STEPS:
            event_id = f"{kind}_{step}"
            assert is_killed(kind, url, event_id, step)
            counts[kind][step] = counts_after(kind, url, event_id)
    print(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
