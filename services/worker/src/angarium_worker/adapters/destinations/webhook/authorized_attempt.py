"""An attempt that carries an access token, and first waits for one if there is none."""

import time
from asyncio import get_running_loop
from collections.abc import Callable

from msgspec.structs import replace

from angarium_worker.application.destinations.destination import SubmittedAttempt
from angarium_worker.domain.attempt_result import AttemptResult, NotAttempted, Unreachable

from .access_tokens import Token, TokenSource

_TIMEOUT_S_MIN = 0.001

type SendAuthorized = Callable[
    [str, float, Callable[[AttemptResult], None]],
    SubmittedAttempt,
]
"""Sends with this value of Authorization, within so many seconds."""


class AuthorizedAttempt:
    """Implements `SubmittedAttempt`. All of it, the wait for a token included, ends by
    `timeout_s`."""

    __slots__ = ("_on_result", "_send", "_started_at", "_step", "_timeout_s", "_token", "_tokens")

    def __init__(
        self,
        tokens: TokenSource,
        timeout_s: float,
        send: SendAuthorized,
        on_result: Callable[[AttemptResult], None],
    ) -> None:
        self._tokens = tokens
        self._timeout_s = timeout_s
        self._send = send
        self._on_result = on_result
        self._token: Token | None = None
        self._started_at = time.monotonic()
        self._step: SubmittedAttempt | None = None

    def start(self) -> None:
        """Send, or wait for a token."""
        current = self._tokens.current()
        if current is None:
            self._step = self._tokens.wait(self._timeout_s, self._on_token)
        elif isinstance(current, Token):
            self._token = current
            self._step = self._send(current.authorization, self._timeout_s, self._sent)
        else:
            self._step = get_running_loop().call_soon(self._on_result, current)

    def cancel(self) -> None:
        """As the port has it."""
        if self._step is not None:
            self._step.cancel()

    def _on_token(self, outcome: Token | Unreachable | NotAttempted) -> None:
        waited_s = time.monotonic() - self._started_at
        if not isinstance(outcome, Token):
            self._step = None
            self._on_result(replace(outcome, duration_s=waited_s))
            return
        self._token = outcome
        left_s = max(self._timeout_s - waited_s, _TIMEOUT_S_MIN)
        self._step = self._send(
            outcome.authorization, left_s, lambda result: self._sent(_later(result, waited_s))
        )

    def _sent(self, result: AttemptResult) -> None:
        if self._token is not None:
            self._tokens.answered(result.response_status, self._token)
        self._on_result(result)


def _later(result: AttemptResult, waited_s: float) -> AttemptResult:
    """The result with the wait for the token as a part of its duration."""
    first_byte_s = result.first_byte_s and result.first_byte_s + waited_s
    return replace(result, duration_s=result.duration_s + waited_s, first_byte_s=first_byte_s)
