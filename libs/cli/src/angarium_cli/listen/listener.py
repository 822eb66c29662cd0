"""Forwards message after message, whatever happens to the network or the program."""

from typing import Final

from .display import Display
from .forwarder import Forwarder, Outcome, TargetDown
from .keys import Keys
from .polled_messages import Interrupted, PolledMessages, ReceivedMessage

IDLE_S: Final = 0.5
_PAUSE_S: Final = 0.5
_PAUSE_S_MAX: Final = 15.0
_TARGET_PAUSE_S: Final = 1.0
KEYS_HELP: Final = "Keys: r resends the last delivery to the program, d shows its details, q quits."


class Stopped(Exception):
    """Somebody pressed q."""


class Listener:
    """Takes messages from the platform and gives them to the program, in order.

    A message that the program cannot be reached with is held, and with it those after it.
    """

    def __init__(
        self, messages: PolledMessages, forwarder: Forwarder, keys: Keys, display: Display
    ) -> None:
        self._messages = messages
        self._forwarder = forwarder
        self._keys = keys
        self._display = display
        self._last: tuple[ReceivedMessage, Outcome] | None = None

    def run(self) -> None:
        """Forward until q is pressed. Raises CommandFailed if the API refuses for good."""
        try:
            while True:
                message = self._next_message()
                self._wait(0)
                if message is None:
                    self._wait(IDLE_S)
                elif message.body is None:
                    self._display.deleted(message)
                else:
                    self._forward(message)
        except Stopped:
            return

    def _next_message(self) -> ReceivedMessage | None:
        """The next message, after as many tries as it takes."""
        pause_s = _PAUSE_S
        problem = ""
        while True:
            try:
                message = self._messages.next()
            except Interrupted as interrupted:
                if str(interrupted) != problem:
                    problem = str(interrupted)
                    self._display.problem(f"{problem}; trying again")
                self._wait(pause_s)
                pause_s = min(pause_s * 2, _PAUSE_S_MAX)
                continue
            if problem:
                self._display.problem("listening again")
            return message

    def _forward(self, message: ReceivedMessage) -> None:
        told = False
        while (outcome := self._outcome(message, told=told)) is None:
            told = True
            self._wait(_TARGET_PAUSE_S)
        self._last = (message, outcome)
        self._display.delivery(message, outcome)

    def _outcome(self, message: ReceivedMessage, *, told: bool) -> Outcome | None:
        """Forward a message once; None if the program cannot be reached.

        `told` is True if that was shown already.
        """
        try:
            return self._forwarder.forward(message)
        except TargetDown as down:
            if not told:
                problem = f"{self._forwarder.url} cannot be reached: {down}; waiting for it"
                self._display.problem(problem)
            return None

    def _wait(self, timeout_s: float) -> None:
        """Wait, and do what a key asks for. Raises Stopped."""
        match self._keys.wait(timeout_s).lower():
            case "q":
                raise Stopped
            case "r":
                self._resend_last()
            case "d":
                self._show_last()

    def _show_last(self) -> None:
        if self._last is None:
            self._display.notice("Nothing was forwarded yet.")
        else:
            self._display.details(*self._last)

    def _resend_last(self) -> None:
        """Give the program the last message again; the platform delivers nothing to others."""
        if self._last is None:
            self._display.notice("Nothing was forwarded yet.")
            return
        message = self._last[0]
        outcome = self._outcome(message, told=False)
        if outcome is None:
            return
        self._last = (message, outcome)
        self._display.delivery(message, outcome)
