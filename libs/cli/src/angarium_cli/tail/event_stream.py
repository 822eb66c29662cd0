"""The API's stream of events, resumed after every loss of the connection."""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from angarium_cli.client.api_client import ApiClient, Refused, Unreachable
from angarium_cli.client.session import Session
from angarium_cli.failure import CommandFailed

_READ_TIMEOUT_S: Final = 30.0
"""Comments come at least every 10 seconds."""
_PAUSE_S: Final = 0.5
_PAUSE_S_MAX: Final = 15.0
_SEEN_MAX: Final = 10_000
_LINE_CHARS_MAX: Final = 8 * 1024 * 1024
_PASSING: Final = (401, 429, 500, 502, 503, 504)
"""Of a stream that ran before. After 401 a profile is read again: somebody may log in anew."""

type Connect = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `id` is the place in the stream."""

    id: str
    kind: str
    data: dict[str, Any]


class EventStream:
    """Events of an application, or of all, each once.

    `connect` opens a session with the profile as it is then. `path` is asked of the session.
    `report` is told why the stream is interrupted. The first connection must succeed.
    """

    def __init__(
        self,
        connect: Connect,
        path: Callable[[Session], str],
        query: Mapping[str, Any],
        *,
        report: Callable[[str], None],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connect = connect
        self._path = path
        self._query = dict(query)
        self._report = report
        self._pause = pause
        self._last_id: str | None = None
        self._seen: OrderedDict[tuple[Any, ...], None] = OrderedDict()
        self._ran = False

    def events(self) -> Iterator[Event]:
        """Events without end. Raises CommandFailed if the API refuses the stream for good."""
        pause_s = _PAUSE_S
        while True:
            try:
                for event in self._connection():
                    pause_s = _PAUSE_S
                    if self._is_new(event):
                        yield event
                problem = "the stream ended"
            except (Unreachable, Refused) as error:
                if not self._ran or (isinstance(error, Refused) and error.status not in _PASSING):
                    raise
                problem = str(error)
                self._report(problem)
            self._pause(pause_s)
            pause_s = min(pause_s * 2, _PAUSE_S_MAX)

    def _connection(self) -> Iterator[Event]:
        headers = {"accept": "text/event-stream"}
        if self._last_id is not None:
            headers["last-event-id"] = self._last_id
        with self._connect() as session:
            api = session.api
            path = self._path(session)
            timeout = httpx.Timeout(_READ_TIMEOUT_S)
            try:
                with api.http.stream(
                    "GET", path, params=self._query, headers=headers, timeout=timeout
                ) as answer:
                    yield from self._events_of(api, answer)
            except httpx.HTTPError as error:
                raise api.unreachable(error) from error

    def _events_of(self, api: ApiClient, answer: httpx.Response) -> Iterator[Event]:
        if not answer.is_success:
            answer.read()
            raise api.refusal(answer)
        if not self._ran:
            self._ran = True
            # A stream that is lost before its first event goes on from its beginning.
            self._query.setdefault("since", _time_of(answer))
        for event in parsed_events(answer.iter_lines()):
            self._last_id = event.id or self._last_id
            yield event

    def _is_new(self, event: Event) -> bool:
        """False for an event that came before: after a loss, the last seconds come again."""
        key = (event.kind, event.data.get("id"), event.data.get("version"))
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > _SEEN_MAX:
            self._seen.popitem(last=False)
        return True


def _time_of(answer: httpx.Response) -> str:
    """The time of an answer by the server's clock, whose `Date` has seconds only."""
    try:
        at = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        at = datetime.now(UTC)
    return at.isoformat()


def parsed_events(lines: Iterator[str]) -> Iterator[Event]:
    """The events of lines of text (HTML, section 9.2.6), each with JSON as its data.

    Raises CommandFailed for data that are no JSON object.
    """
    place = kind = ""
    data: list[str] = []
    chars = 0
    for line in lines:
        chars += len(line)
        if chars > _LINE_CHARS_MAX:
            raise CommandFailed("the stream has an event that is too long; check the URL")
        if not line:
            if data:
                yield Event(place, kind, _object("\n".join(data)))
            kind, data, chars = "", [], 0
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            place = value
        elif name == "event":
            kind = value
        elif name == "data":
            data.append(value)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CommandFailed("the stream has an event without JSON; check the URL")
    return found
