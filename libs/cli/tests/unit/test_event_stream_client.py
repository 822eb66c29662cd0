"""The stream of events is resumed: nothing is missed, nothing comes twice."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

import httpx
import pytest
from angarium_cli.client.api_client import ApiClient
from angarium_cli.client.profiles import Profile
from angarium_cli.client.session import Session
from angarium_cli.failure import CommandFailed
from angarium_cli.tail.event_stream import Event, EventStream, parsed_events

type Answer = Callable[[httpx.Request], httpx.Response]


def written(place: str, **data: object) -> str:
    return f"id: {place}\nevent: message.accepted\ndata: {json.dumps(data)}\n\n"


class Server:
    """Answers each connection as a test says, and notes what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.resumed: list[str | None] = []
        self.tokens: list[str] = []
        self.problems: list[str] = []
        self.pauses: list[float] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.resumed.append(request.headers.get("last-event-id"))
        self.tokens.append(request.headers["authorization"])
        return self.answers.pop(0)(request)

    @contextmanager
    def connect(self) -> Iterator[Session]:
        # A new token with each connection, as after a new login.
        token = f"Bearer {len(self.tokens)}"
        transport = httpx.MockTransport(self._answer)
        with httpx.Client(
            base_url="https://example.com", transport=transport, headers={"authorization": token}
        ) as http:
            yield Session(Profile("default", "https://example.com", token), ApiClient(http))

    def events(self, count: int) -> list[Event]:
        stream = EventStream(
            self.connect,
            lambda _: "/api/v1/events",
            {},
            report=self.problems.append,
            pause=self.pauses.append,
        )
        return list(islice(stream.events(), count))


def text(*parts: str) -> Answer:
    return lambda _: httpx.Response(200, text="".join(parts))


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route", request=request)


def refusal(status: int) -> Answer:
    return lambda _: httpx.Response(status, json={"detail": "No."})


def test_it_goes_on_after_the_last_event_and_drops_what_comes_again() -> None:
    server = Server(
        text(": connected\n\n", written("1", id="a"), written("2", id="b")),
        unreachable,
        refusal(503),
        refusal(401),
        text(written("1", id="a"), written("2", id="b"), written("3", id="c")),
    )

    events = server.events(3)

    assert [(event.id, event.data["id"]) for event in events] == [
        ("1", "a"),
        ("2", "b"),
        ("3", "c"),
    ]
    assert server.resumed == [None, "2", "2", "2", "2"]
    assert server.tokens == ["Bearer 0", "Bearer 1", "Bearer 2", "Bearer 3", "Bearer 4"]
    assert len(server.problems) == 3
    assert server.pauses == sorted(server.pauses)


def test_a_stream_that_is_lost_before_its_first_event_goes_on_from_its_beginning() -> None:
    asked: list[str | None] = []

    def begun(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("since"))
        return httpx.Response(
            200, text=": connected\n\n", headers={"date": "Mon, 02 Mar 2026 12:00:00 GMT"}
        )

    def goes_on(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("since"))
        return httpx.Response(200, text=written("1", id="a"))

    assert len(Server(begun, goes_on).events(1)) == 1
    assert asked == [None, "2026-03-02T12:00:00+00:00"]


def test_versions_of_an_endpoint_are_different_events() -> None:
    server = Server(text(written("1", id="ep", version=1), written("2", id="ep", version=2)))

    assert len(server.events(2)) == 2


@pytest.mark.parametrize("first", [unreachable, refusal(401), refusal(503), refusal(422)])
def test_a_stream_that_never_began_fails_at_once(first: Answer) -> None:
    with pytest.raises(CommandFailed):
        Server(first).events(1)


@pytest.mark.parametrize("status", [403, 404, 422])
def test_a_refusal_for_good_ends_it(status: int) -> None:
    with pytest.raises(CommandFailed, match="No"):
        Server(text(written("1", id="a")), refusal(status)).events(2)


def test_the_format_of_the_stream_is_read_as_specified() -> None:
    lines = [
        "retry: 5",
        ": comment",
        "",
        "id:7",
        "event: a",
        'data: {"b":',
        "data:  1}",
        "",
        "id: 8",
        "",
    ]

    assert list(parsed_events(iter(lines))) == [Event("7", "a", {"b": 1})]
