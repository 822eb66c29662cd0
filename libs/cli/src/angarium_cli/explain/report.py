"""Attempts and their explanations as lines of text. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from angarium_cli.client.printable import printable

_VALUE_CHARS_MAX: Final = 300


def report_lines(attempts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The lines that describe attempts, as the API gives them."""
    for number, attempt in enumerate(attempts):
        if number:
            yield ""
        yield from _attempt(attempt)


def _attempt(attempt: Mapping[str, Any]) -> Iterator[str]:
    status = attempt["responseStatusCode"]
    answer = "no response"
    if status:
        answer = f"{status} {printable(attempt.get('responseStatusText', ''))}".strip()
    yield (
        f"{attempt['id']}  attempt {attempt['attemptNumber']}  {attempt['timestamp']}"
        f"  {attempt['statusText']}  {answer}  {attempt['responseDurationMs']} ms"
    )
    yield f"  {attempt['url']}"
    explanation = attempt.get("explanation")
    if explanation is not None:
        yield f"  Cause:   {explanation['cause']} ({explanation['code']})"
        yield f"  Remedy:  {explanation['remedy']}"
        yield f"  By:      the {explanation['remedyBy']}"
        for each in explanation["evidence"]:
            yield f"  {each['name']}: {_short(each['value'])}"
        yield f"  See:     {explanation['documentation']}"
    if attempt.get("nextAttempt"):
        yield f"  Next attempt: {attempt['nextAttempt']}"


def _short(value: str) -> str:
    if len(value) <= _VALUE_CHARS_MAX:
        return value
    return f"{value[: _VALUE_CHARS_MAX - 1]}…"
