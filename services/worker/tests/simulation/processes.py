"""Processes that can die, and the services they call: slow, away, or losing their answers."""

from collections.abc import Callable
from random import Random
from typing import Any

from .virtual_time import ProcessLoop, Scheduler


class Process:
    """A worker's process. `muted`: it is buried, and nothing that it does counts any more.
    `is_probing`: whether its circuit breaker for an endpoint lets a single attempt tell."""

    def __init__(self, name: str, loop: ProcessLoop) -> None:
        self.name = name
        self.loop = loop
        self.alive = True
        self.stopping = False
        self.frozen = False
        self.muted = False
        self.faults_s: list[float] = []
        self.thawed_s = -1.0
        self.last_seen_s = 0.0
        self.calls = 0
        self.is_probing: Callable[[bytes], bool] = lambda _: False

    @property
    def runs(self) -> bool:
        """Whether it does anything now."""
        return self.alive and not self.frozen

    def faulted_within(self, since_s: float, until_s: float) -> bool:
        """Whether something went wrong with it or for it in this time."""
        return any(since_s <= at_s <= until_s for at_s in self.faults_s)


class Machine:
    """Everything that runs: the processes, the world around them, and their clock.

    `faulty` calls are those that fail, by chance, while a service is flaky.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(f"world {seed}")
        self.scheduler = Scheduler(
            Random(f"turns {seed}"), lambda text: self.violate("no unhandled error", text)
        )
        self.later = self.scheduler.later
        self.violation: tuple[str, str, float] | None = None
        self.trace: list[str] | None = None
        self.processes: list[Process] = []
        self.progress = 0

    @property
    def now_s(self) -> float:
        """The time."""
        return self.scheduler.now_s

    def violate(self, invariant: str, text: str) -> None:
        """An invariant does not hold. The first time counts."""
        self.note(f"VIOLATION of {invariant}: {text}")
        if self.violation is None:
            self.violation = invariant, text, self.now_s

    def note(self, text: str) -> None:
        """A line in the log of events, if somebody wants it."""
        if self.trace is not None:
            self.trace.append(f"{self.now_s:10.4f}  {text}")

    def start(self, name: str) -> Process:
        """A new process."""
        process = Process(name, ProcessLoop(self.scheduler))  # type: ignore[abstract]
        self.processes.append(process)
        return process

    def kill(self, process: Process) -> None:
        """Its tasks, timers and callbacks are gone."""
        if process.runs:
            process.last_seen_s = self.now_s
        process.alive = False
        process.faults_s.append(self.now_s)
        process.loop.freeze()

    def freeze(self, process: Process) -> None:
        """Nothing of it runs until it is thawed."""
        process.frozen = True
        process.last_seen_s = self.now_s
        process.faults_s.append(self.now_s)
        process.loop.freeze()

    def thaw(self, process: Process) -> None:
        """It goes on where it was; all that came meanwhile is there at once."""
        if process.alive and process.frozen:
            process.frozen = False
            process.thawed_s = self.now_s
            process.faults_s.append(self.now_s)
            process.loop.thaw()
            self.note(f"{process.name} thaws")

    def bury(self) -> None:
        """End everything."""
        for process in self.processes:
            process.muted = True
            process.loop.bury()


class Service:
    """Something that processes call. A call takes place at one moment, whole, on the way.

    Until `down_until_s` all calls fail. `flaky` is how likely a call fails, before it took place
    or after; `slow` how likely it takes long. Failing raises `error`.
    """

    def __init__(self, machine: Machine, error: Callable[[str], Exception]) -> None:
        self._machine = machine
        self._error = error
        self.down_until_s = 0.0
        self.flaky = 0.0
        self.slow = 0.0

    async def call[T](self, process: Process, effect: Callable[[], T]) -> T:
        """Let `effect` take place; gives its result."""
        if process.muted:
            raise self._error("gone")
        process.calls += 1
        answer = process.loop.create_future()
        self._machine.later(self._delay_s(), self._take_place, process, effect, answer)
        result: T = await answer
        return result

    def _delay_s(self) -> float:
        random = self._machine.random
        if self.slow and random.random() < self.slow:
            return random.uniform(0.02, 0.8)
        return random.uniform(0.0002, 0.002)

    def _take_place(self, process: Process, effect: Callable[[], Any], answer: Any) -> None:
        random = self._machine.random
        if not process.alive and random.random() < 0.5:
            return
        if self._machine.now_s < self.down_until_s or self._fails():
            self._fail(process, answer, "away")
            return
        result = effect()
        if self._fails():
            self._fail(process, answer, "the answer was lost")
        elif random.random() < 0.7:
            _give(answer, result)
        else:
            self._machine.later(self._delay_s(), _give, answer, result)

    def _fails(self) -> bool:
        return self.flaky > 0 and self._machine.random.random() < self.flaky

    def _fail(self, process: Process, answer: Any, text: str) -> None:
        process.faults_s.append(self._machine.now_s)
        self._machine.later(self._machine.random.uniform(0.001, 0.03), self._raise, answer, text)

    def _raise(self, answer: Any, text: str) -> None:
        if not answer.done():
            answer.set_exception(self._error(text))


def _give(answer: Any, result: Any) -> None:
    if not answer.done():
        answer.set_result(result)
