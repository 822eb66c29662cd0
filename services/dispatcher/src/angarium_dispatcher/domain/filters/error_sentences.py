"""Sentences for the errors of the CEL library."""

import re
from typing import Final

REASON_CHARS_MAX: Final = 200

_POSITION = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")
_STATUS = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")
_UNKNOWN = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '([^']*)'")
_MISSING_KEY = re.compile(r'Key not found in map : "?([^"]*)')


def sentence_of_syntax_error(error: str) -> str:
    """The fault of an expression, its position, and the correction."""
    found = _POSITION.search(error)
    if found is None:
        if "recursion" in error:
            return "The expression is nested too deeply. Use at most 30 levels of parentheses."
        return f"The expression is not valid: {_plain(error)}."
    line, column, reason = found.groups()
    return f"Line {line}, column {column}: {_reason(reason)}"


def sentence_of_evaluation_error(error: str) -> str:
    """Why a filter has no result for a message."""
    missing = _MISSING_KEY.search(error)
    if missing is not None:
        return (
            f"There is no member `{missing[1][:REASON_CHARS_MAX]}`."
            " Check it with `has(…)` first if it can be absent."
        )
    return f"{_plain(error)}."


def _reason(reason: str) -> str:
    unknown = _UNKNOWN.search(reason)
    if unknown is not None:
        name = unknown[1].strip("_")
        return (
            f"`{name}` is unknown. Use the names eventType, channels, tags, metadata and payload,"
            " and the functions of CEL except `map`, `filter` and `+`."
        )
    overload = _OVERLOAD.search(reason)
    if overload is not None:
        return (
            f"`{overload[1].strip('_')}` cannot be applied to {overload[2]}."
            " Use operands of the same type."
        )
    if "'<EOF>' expecting" in reason:
        return "the expression ends too early. Complete it, or remove its last part."
    reason = reason.split(" expecting ")[0]
    return f"{_plain(reason)}. Correct the expression there."


def _plain(text: str) -> str:
    return _STATUS.sub("", _STATUS.sub("", text.split("\n")[0])).strip(" .")[:REASON_CHARS_MAX]
