"""Filters of endpoints: CEL expressions over a message.

CEL (https://cel.dev) has no loops but macros over lists and maps, and no side effects. A filter
is checked and compiled once. Its cost is bounded when it is saved (`check_cost`), its input when
it is evaluated (`picked`), and what builds values out of others is left out (`_LANGUAGE`).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from cel_expr_python import cel

from .error_sentences import sentence_of_evaluation_error, sentence_of_syntax_error
from .expression_cost import TooExpensive, check_cost
from .payload_parts import PAYLOAD, TooMuchInput, parts_named, picked
from .syntax_tree import Name, tree_of, walk

FILTER_CHARS_MAX: Final = 2_000
WEIGHT: Final = 40
CHARS_PER_WEIGHT: Final = 4
COMPILED_MAX: Final = 4_096
"""Compiled filters that are kept beside those in use, the same text once."""

_LANGUAGE: Final = """
stdlib:
  exclude_macros:
    - map
    - filter
  exclude_functions:
    - name: _+_
"""
_TEXT = cel.Type.STRING
_VARIABLES: Final = {
    "eventType": _TEXT,
    "channels": cel.Type.List(_TEXT),
    "tags": cel.Type.List(_TEXT),
    "metadata": cel.Type.Map(_TEXT, _TEXT),
    PAYLOAD: cel.Type.Map(_TEXT, cel.Type.DYN),
}
_ENVIRONMENT: Final = cel.NewEnv(config=cel.NewEnvConfigFromYaml(_LANGUAGE), variables=_VARIABLES)
_EVALUATION_ERRORS: Final = (RuntimeError, ValueError, TypeError, OverflowError)
_payload_decoder = msgspec.json.Decoder(dict[str, Any])


class InvalidFilter(Exception):
    """An expression that cannot be a filter. The message says where and what to change."""


class FilterFailed(Exception):
    """A filter has no result for a message."""


class FilteredMessage:
    """A message as filters see it. The payload is decoded at most once, when a filter names it.

    `metadata` is that of the application. The payload of a message whose content is not JSON
    (`content_type`) is an empty map.
    """

    __slots__ = ("_decoded", "_payload", "channels", "event_type", "metadata", "tags")

    def __init__(
        self,
        event_type: str,
        channels: tuple[str, ...],
        tags: tuple[str, ...],
        metadata: Mapping[str, str],
        payload: bytes,
        content_type: str | None = None,
    ) -> None:
        self.event_type = event_type
        self.channels = channels
        self.tags = tags
        self.metadata = metadata
        self._payload = payload
        is_json = content_type is None or "json" in content_type
        self._decoded: dict[str, Any] | None = None if is_json else {}

    def payload(self) -> dict[str, Any]:
        """The decoded payload. Raises `FilterFailed` for one that is not a JSON object."""
        if self._decoded is None:
            try:
                self._decoded = _payload_decoder.decode(self._payload)
            except (msgspec.DecodeError, RecursionError) as error:
                raise FilterFailed(f"The payload cannot be read: {error}.") from None
        return self._decoded

    def value(self, name: str) -> Any:
        """The value of a variable other than the payload."""
        if name == "eventType":
            return self.event_type
        if name == "metadata":
            return self.metadata
        return list(self.channels if name == "channels" else self.tags)


class MessageFilter:
    """A compiled filter. `weight` is its share of the dispatcher's memory, where 1 is a name."""

    __slots__ = ("_expression", "_names", "_parts", "needs_payload", "text", "weight")

    def __init__(self, text: str, expression: Any) -> None:
        tree = tree_of(expression.serialize())
        names = {node.name.removeprefix(".") for node in walk(tree) if isinstance(node, Name)}
        self.text = text
        self.weight = WEIGHT + len(text) // CHARS_PER_WEIGHT
        self._expression = expression
        self._names = tuple(sorted(names & _VARIABLES.keys() - {PAYLOAD}))
        self._parts = parts_named(tree)
        self.needs_payload = PAYLOAD in names

    def matches(self, message: FilteredMessage) -> bool:
        """True if the endpoint accepts the message. Raises `FilterFailed`."""
        data = {name: message.value(name) for name in self._names}
        if self.needs_payload:
            try:
                data[PAYLOAD] = picked(message.payload(), self._parts)
            except TooMuchInput as error:
                raise FilterFailed(str(error)) from None
        try:
            result = self._expression.eval(data=data)
            value = result.value()
        except _EVALUATION_ERRORS as error:
            raise FilterFailed(sentence_of_evaluation_error(str(error))) from None
        if isinstance(value, bool):
            return value
        if result.type() == cel.Type.ERROR:
            raise FilterFailed(sentence_of_evaluation_error(str(value)))
        raise FilterFailed(f"The result is {_type_name(result.type())}, not true or false.")


class BrokenFilter:
    """A stored filter that this version of the platform cannot compile. It matches nothing."""

    __slots__ = ("_reason", "text")

    needs_payload: Final = False
    weight: Final = 1

    def __init__(self, text: str, reason: str) -> None:
        self.text = text
        self._reason = reason

    def matches(self, message: FilteredMessage) -> bool:
        """Raises `FilterFailed`."""
        raise FilterFailed(self._reason)


def stored_filter(text: str | None) -> MessageFilter | BrokenFilter | None:
    """The filter of an endpoint that was saved with it; None for an endpoint without one."""
    if text is None:
        return None
    try:
        return compile_filter(text)
    except InvalidFilter as error:
        return BrokenFilter(text, str(error))


@lru_cache(COMPILED_MAX)
def compile_filter(text: str) -> MessageFilter:
    """Compile a filter. Raises `InvalidFilter`."""
    if not 1 <= len(text) <= FILTER_CHARS_MAX:
        raise InvalidFilter(
            f"Give an expression of 1 to {FILTER_CHARS_MAX:,} characters, or null for no filter."
        )
    if "\0" in text:
        raise InvalidFilter("The expression has a NUL character. Remove it.")
    try:
        expression = _ENVIRONMENT.compile(text)
    except (RuntimeError, ValueError) as error:
        raise InvalidFilter(sentence_of_syntax_error(str(error))) from None
    if expression.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        kind = _type_name(expression.return_type())
        raise InvalidFilter(f"The expression is {kind}. Write one that is true or false.")
    compiled = MessageFilter(text, expression)
    try:
        check_cost(tree_of(expression.serialize()))
    except TooExpensive as error:
        raise InvalidFilter(str(error)) from None
    return compiled


def _type_name(kind: Any) -> str:
    return f"of type {kind.name().lower()}"
