"""Samples of the stack, taken each time that the process has used some CPU.

A profiler that looks at calls and returns, as pyinstrument does, would see an event loop that is
not saturated only as it wakes up: each step of a task is shorter than the time between two samples.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from pyinstrument.stack_sampler import build_call_stack

INTERVAL_S: Final = 0.005
"""CPU time between samples; the kernel may take the length of its tick instead."""
SAMPLES_MAX: Final = 20_000

type Sample = tuple[list[str], float]
"""A stack in pyinstrument's form, outermost first, and the CPU time since the sample before."""


class CpuSamples:
    """Stacks of the main thread, which runs the event loop."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self._cpu_s = 0.0

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Take samples for as long as the block lasts, at most SAMPLES_MAX. In the main thread
        only."""
        self._cpu_s = time.process_time()
        signal.signal(signal.SIGPROF, self._take)
        # System calls go on, in libraries that do not expect signals.
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            # Not the default, which ends the process: a last signal may be on its way.
            signal.signal(signal.SIGPROF, signal.SIG_IGN)

    def _take(self, _: int, frame: FrameType | None) -> None:
        cpu_s = time.process_time()
        if len(self.samples) < SAMPLES_MAX:
            self.samples.append((build_call_stack(frame, "initial", None), cpu_s - self._cpu_s))
        self._cpu_s = cpu_s
