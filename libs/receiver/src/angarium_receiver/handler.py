"""Handlers: functions of the application, called with what their parameters ask for."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, get_type_hints

from .decoding import Decode, decoder_of, parse, payload_at
from .event import Event

SESSION_PARAMETER: Final = "session"
_BY_NAME: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class Handler:
    """A function, and how its parameters are filled."""

    function: Callable[..., Any]
    is_async: bool
    event_parameter: str | None
    payload_parameter: str | None
    wants_session: bool
    decode: Decode

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Handler":
        """Read the parameters: one annotated `Event` gets the event, `session` that of the inbox,
        and one more the payload, as the type of its annotation. Raises TypeError."""
        hints = get_type_hints(function)
        parameters = inspect.signature(function).parameters.values()
        if any(each.kind not in _BY_NAME for each in parameters):
            raise TypeError(
                f"{function.__qualname__} has parameters that have no name of their own"
            )
        names = [each.name for each in parameters if each.default is each.empty]
        event = [name for name in names if hints.get(name) is Event]
        payload = [name for name in names if name not in event and name != SESSION_PARAMETER]
        if len(event) > 1 or len(payload) > 1:
            raise TypeError(
                f"{function.__qualname__} takes more than an Event, a payload and `session`"
            )
        return cls(
            function=function,
            is_async=inspect.iscoroutinefunction(function),
            event_parameter=event[0] if event else None,
            payload_parameter=payload[0] if payload else None,
            wants_session=SESSION_PARAMETER in names,
            decode=decoder_of(hints.get(payload[0], Any)) if payload else (lambda value: value),
        )

    def arguments(self, event: Event, path: tuple[str, ...]) -> dict[str, Any]:
        """The arguments, but for the session. Raises PayloadMismatch."""
        arguments: dict[str, Any] = {}
        if self.event_parameter is not None:
            arguments[self.event_parameter] = event
        if self.payload_parameter is not None:
            payload = payload_at(parse(event.body), path)
            arguments[self.payload_parameter] = self.decode(payload)
        return arguments
