"""The messages of the listener's endpoint, one at a time and in order.

A message is confirmed by asking for the next one. After an interruption, the one that was not
confirmed comes again.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any, Final

from angarium_cli.client.api_client import Refused, Unreachable
from angarium_cli.client.session import Session, path_of

from .identity import Identity
from .likeness import FILTERS, Likeness, read_likeness

CONSUMER: Final = "listen"
POLL_URL: Final = "poll://messages"
_PASSING: Final = (401, 429, 500, 502, 503, 504)
_ENDPOINTS: Final = "/api/v1/app/{app}/endpoint"
_ENDPOINT: Final = "/api/v1/app/{app}/endpoint/{uid}"
_POLL: Final = "/api/v1/app/{app}/poller/{uid}/consumer/{consumer}"
_RAW: Final = "/api/v1/app/{app}/msg/{message}/raw"

type Connect = Callable[[], AbstractContextManager[Session]]
type Hold = Callable[[str], AbstractContextManager[None]]


class Interrupted(Exception):
    """The API cannot be asked now; the next question may succeed. The text says why."""


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message with its original bytes; `body` is None if they were deleted."""

    id: str
    event_type: str
    content_type: str
    body: bytes | None


class PolledMessages:
    """Messages of an application from now on, and those since the last time.

    `connect` opens a session with the profile as it is then, so that a new login is found. `like`
    names an endpoint whose filters apply, but for the event types that are given. `hold` keeps
    others from the position of the endpoint with this id, as long as this process lives.
    """

    def __init__(
        self,
        connect: Connect,
        app: str | None,
        identity: Identity,
        event_types: Sequence[str],
        like: str | None = None,
        *,
        hold: Hold = lambda _: nullcontext(),
    ) -> None:
        self._connect = connect
        self._app = app
        self._identity = identity
        self._like = like
        self._hold = hold
        self._held = ExitStack()
        self._held_id = ""
        self._event_types = sorted(set(event_types))
        self._open = ExitStack()
        self._session: Session | None = None
        self._iterator: str | None = None
        self.application = ""
        self.likeness: Likeness | None = None

    def begin(self) -> Session:
        """Connect, and create the endpoint or change its filters. Raises CommandFailed."""
        session = self._open.enter_context(self._connect())
        self.application = session.application(self._app)
        if self._like is not None and self.likeness is None:
            self.likeness = read_likeness(session, self.application, self._like)
        api = session.api
        path = self._path(_ENDPOINT)
        wanted = self._filters()
        try:
            found = api.get(path)
        except Refused as refused:
            if refused.status != 404:
                raise
            new = {"url": POLL_URL, "uid": self._identity.uid, **wanted}
            new["description"] = self._identity.description
            self._hold_position(api.send("POST", self._path(_ENDPOINTS), body=new))
        else:
            self._hold_position(found)
            same = all(_is_same(found.get(name), value) for name, value in wanted.items())
            if not same or found["disabled"]:
                api.send("PATCH", path, body=wanted | {"disabled": False})
        self._session = session
        return session

    def next(self) -> ReceivedMessage | None:
        """Confirm the message that came before, and give the next one; None if there is none now.

        Raises Interrupted, after which it may be asked again, and CommandFailed.
        """
        try:
            return self._poll(self._session or self.begin())
        except (Unreachable, Refused) as error:
            if isinstance(error, Refused) and error.status not in _PASSING:
                if error.status != 404 or self._iterator is None:
                    raise
                # The endpoint was deleted; its position with it.
                self._iterator = None
            self.close()
            raise Interrupted(str(error)) from error

    def forget(self) -> None:
        """Delete the endpoint with what waits there. Raises CommandFailed."""
        with self._connect() as session:
            self.application = session.application(self._app)
            session.api.send("DELETE", self._path(_ENDPOINT))

    def close(self) -> None:
        """Close the connection; `next` opens another one."""
        self._session = None
        self._open.close()

    def _hold_position(self, endpoint: dict[str, Any]) -> None:
        """Hold the position of an endpoint, unless it is held. Raises CommandFailed."""
        if endpoint["id"] != self._held_id:
            self._held.enter_context(self._hold(endpoint["id"]))
            self._held_id = endpoint["id"]

    def _filters(self) -> dict[str, Any]:
        found = dict.fromkeys(FILTERS) if self.likeness is None else dict(self.likeness.filters)
        if self._event_types:
            found["eventTypes"] = self._event_types
        return found

    def _poll(self, session: Session) -> ReceivedMessage | None:
        query: dict[str, Any] = {"limit": 1}
        if self._iterator is not None:
            query["iterator"] = self._iterator
        page = session.api.get(self._path(_POLL), **query)
        message = self._received(session, page["data"][0]) if page["data"] else None
        # Only now: if the bytes cannot be read, the same page is asked for again.
        self._iterator = page["iterator"]
        return message

    def _received(self, session: Session, polled: dict[str, Any]) -> ReceivedMessage:
        message_id, event_type = str(polled["id"]), str(polled["eventType"])
        try:
            path = path_of(_RAW, app=self.application, message=message_id)
            content_type, body = session.api.bytes_of(path)
        except Refused as refused:
            if refused.status != 404:
                raise
            return ReceivedMessage(message_id, event_type, "", None)
        return ReceivedMessage(message_id, event_type, content_type, body)

    def _path(self, template: str) -> str:
        return path_of(template, app=self.application, uid=self._identity.uid, consumer=CONSUMER)


def _is_same(one: Any, other: Any) -> bool:
    """True for lists of the same texts in any order, and for a filter that is the same; an empty
    list is none."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(one) == sorted(other)
    return (one or None) == (other or None)
