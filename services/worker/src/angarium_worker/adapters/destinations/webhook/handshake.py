"""Asks an endpoint's permission before anything is sent to it (CloudEvents 1.0, "HTTP 1.1 Web Hooks
for Event Delivery", section 4: abuse protection).

One `Handshake` belongs to one version of an endpoint in this process. Callbacks only.
"""

from asyncio import TimerHandle, get_running_loop
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from angarium_worker.application.destinations.destination import SubmittedAttempt
from angarium_worker.domain.attempt_result import (
    Accepted,
    AttemptResult,
    FailureReason,
    NotAttempted,
    Unreachable,
)

REQUEST_TIMEOUT_S: Final = 10.0
GRANTED_FOR_S: Final = 86_400.0
"""A permission is asked for again after so long."""
REFUSED_FOR_S: Final = 5.0

type Ask = Callable[[float, Callable[[AttemptResult], None]], SubmittedAttempt]
"""Sends the OPTIONS request, with a time limit in seconds."""
type Go = Callable[[float], SubmittedAttempt]
"""Makes the attempt itself, within so many seconds."""


class Handshake:
    """The permission to send to one endpoint. `origin` is the DNS name that asks for it; `clock_s`
    is monotonic."""

    __slots__ = (
        "_ask",
        "_asking",
        "_clock_s",
        "_granted_until_s",
        "_origin",
        "_refusal",
        "_waiting",
    )

    def __init__(self, ask: Ask, origin: str, clock_s: Callable[[], float]) -> None:
        self._ask = ask
        self._origin = origin
        self._clock_s = clock_s
        self._asking = False
        self._granted_until_s = 0.0
        self._refusal: tuple[float, Unreachable] | None = None
        self._waiting: dict[_Waiting, None] = {}

    def submit(
        self, timeout_s: float, go: Go, on_result: Callable[[AttemptResult], None]
    ) -> SubmittedAttempt:
        """Make the attempt once the endpoint permits it; as `Destination.submit`."""
        now_s = self._clock_s()
        if now_s < self._granted_until_s:
            return go(timeout_s)
        if self._refusal is not None and now_s < self._refusal[0]:
            return get_running_loop().call_soon(on_result, self._refusal[1])
        waiting = _Waiting(self, timeout_s, go, on_result)
        self._waiting[waiting] = None
        if not self._asking:
            self._asking = True
            self._ask(REQUEST_TIMEOUT_S, self._answered)
        return waiting

    def forget(self, waiting: "_Waiting") -> None:
        """Wait no more."""
        self._waiting.pop(waiting, None)

    def _answered(self, result: AttemptResult) -> None:
        self._asking = False
        now_s = self._clock_s()
        refusal = self._refusal_in(result)
        if refusal is None:
            self._granted_until_s, self._refusal = now_s + GRANTED_FOR_S, None
        elif isinstance(refusal, Unreachable):
            self._refusal = now_s + REFUSED_FOR_S, refusal
        waiting, self._waiting = self._waiting, {}
        for each in waiting:
            each.end(refusal)

    def _refusal_in(self, result: AttemptResult) -> Unreachable | NotAttempted | None:
        if isinstance(result, NotAttempted):
            return NotAttempted(reason=result.reason, detail=result.detail)
        if isinstance(result, Accepted):
            allowed = (result.allowed_origin or "").strip().lower()
            if allowed in {"*", self._origin.lower()}:
                return None
            said = f"allows {allowed[:100]!r}" if allowed else "names no WebHook-Allowed-Origin"
            return _refused(f"the answer to OPTIONS {said}, not {self._origin}")
        if result.response_status:
            return _refused(f"OPTIONS was answered {result.response_status}")
        return _refused(f"OPTIONS failed: {result.failure}")


class _Waiting:
    """An attempt that waits for the permission, until its own time is over."""

    __slots__ = ("_began_at", "_go", "_handshake", "_on_result", "_step", "_timeout_s", "_timer")

    def __init__(
        self,
        handshake: Handshake,
        timeout_s: float,
        go: Go,
        on_result: Callable[[AttemptResult], None],
    ) -> None:
        loop = get_running_loop()
        self._handshake = handshake
        self._go = go
        self._on_result = on_result
        self._timeout_s = timeout_s
        self._began_at = loop.time()
        self._step: SubmittedAttempt | None = None
        self._timer: TimerHandle = loop.call_later(timeout_s, self._expire)

    def cancel(self) -> None:
        self._timer.cancel()
        self._handshake.forget(self)
        if self._step is not None:
            self._step.cancel()

    def end(self, refusal: Unreachable | NotAttempted | None) -> None:
        """The endpoint has answered."""
        self._timer.cancel()
        waited_s = get_running_loop().time() - self._began_at
        if refusal is None:
            self._step = self._go(max(self._timeout_s - waited_s, 0.001))
        else:
            self._on_result(replace(refusal, duration_s=waited_s))

    def _expire(self) -> None:
        self._handshake.forget(self)
        self.end(_refused(f"OPTIONS was not answered within {self._timeout_s:g} s"))


def _refused(detail: str) -> Unreachable:
    return Unreachable(reason=FailureReason.HANDSHAKE_REFUSED, detail=detail[:300])
