"""Display of `angarium listen`."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.text import Text

from angarium_cli.client.printable import printable

from .forwarder import Outcome
from .polled_messages import ReceivedMessage

_SHOWN_CHARS_MAX: Final = 4_000


class Display:
    """Lines on a console: one for each delivery, more for details and problems."""

    def __init__(self, console: Console, now: Callable[[], datetime] = datetime.now) -> None:
        self._console = console
        self._now = now

    def delivery(self, message: ReceivedMessage, outcome: Outcome) -> None:
        """One forwarded message."""
        style = "green" if outcome.succeeded else "red"
        line = self._line(message)
        line.append(f"{outcome.status or 'failed'}", style=style)
        line.append(f"  {outcome.duration_ms} ms")
        if outcome.problem:
            line.append(f"  {printable(outcome.problem)}", style="red")
        self._print(line)

    def deleted(self, message: ReceivedMessage) -> None:
        """A message without bytes."""
        self._print(self._line(message).append("its payload was deleted", style="yellow"))

    def notice(self, text: str) -> None:
        """Something that is worth knowing."""
        self._print(Text(printable(text), style="dim"))

    def problem(self, text: str) -> None:
        """Something that keeps deliveries from being forwarded."""
        self._print(Text(f"{self._now():%H:%M:%S}  {printable(text)}", style="yellow"))

    def details(self, message: ReceivedMessage, outcome: Outcome) -> None:
        """The request and the response of a delivery."""
        for line in detail_lines(message, outcome):
            self._print(Text(line))

    def _line(self, message: ReceivedMessage) -> Text:
        line = Text(f"{self._now():%H:%M:%S}  ", style="dim")
        line.append(f"{printable(message.event_type)}  {printable(message.id)}  ", style="default")
        return line

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)


def detail_lines(message: ReceivedMessage, outcome: Outcome) -> Iterator[str]:
    """Headers and bodies, without control characters."""
    yield f"  Request of {printable(message.id)}"
    yield from _headers(outcome.request_headers)
    yield from _body(message.body or b"")
    if outcome.status is None:
        yield f"  No response: {printable(outcome.problem)}"
        return
    yield f"  Response {outcome.status}"
    yield from _headers(outcome.response_headers)
    yield from _body(outcome.body)


def _headers(headers: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for name, value in headers:
        yield f"    {printable(name)}: {printable(value)}"


def _body(body: bytes) -> Iterator[str]:
    text = body.decode(errors="replace")
    with suppress(ValueError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    for line in text[:_SHOWN_CHARS_MAX].splitlines():
        yield f"    {printable(line)}"
    if len(text) > _SHOWN_CHARS_MAX:
        yield "    …"
