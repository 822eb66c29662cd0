"""`angarium listen` with a platform, a program and keys that a test controls."""

import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest
from angarium_cli.client.api_client import ApiClient
from angarium_cli.client.profiles import Profile
from angarium_cli.client.session import Session
from angarium_cli.failure import CommandFailed
from angarium_cli.listen.display import Display
from angarium_cli.listen.forwarder import Forwarder
from angarium_cli.listen.identity import Identity, saved_identity
from angarium_cli.listen.listener import Listener
from angarium_cli.listen.polled_messages import PolledMessages
from angarium_cli.listen.sole_listener import sole_listener
from angarium_cli.listen.target import target_url
from angarium_signing import verify
from rich.console import Console

NOW_S = 1_800_000_000
ENDPOINT = "/api/v1/app/acme/endpoint"


class FakePlatform:
    """One application, with the endpoint and the consumer of a listener."""

    def __init__(self) -> None:
        self.endpoint: dict[str, Any] | None = None
        self.messages: list[tuple[str, bytes | None]] = []
        self.confirmed = 0
        self.faults: list[int | None] = []
        """The answers to the next requests: a status, or None for no connection."""
        self.connections = 0

    @contextmanager
    def connect(self) -> Iterator[Session]:
        self.connections += 1
        transport = httpx.MockTransport(self._answer)
        with httpx.Client(base_url="https://example.com", transport=transport) as http:
            api = ApiClient(http, tries_max=1)
            yield Session(Profile("default", "https://example.com", "token", "acme"), api)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.faults:
            fault = self.faults.pop(0)
            if fault is None:
                raise httpx.ConnectError("no route", request=request)
            return httpx.Response(fault, json={"detail": f"Fault {fault}."})
        path = request.url.path
        if path.startswith(ENDPOINT):
            return self._endpoint(request)
        if path.endswith("/raw"):
            body = dict(self.messages)[path.split("/")[-2]]
            gone = httpx.Response(404, json={"detail": "Deleted."})
            return gone if body is None else httpx.Response(200, content=body)
        if self.endpoint is None:
            return httpx.Response(404, json={"detail": "There is no such endpoint."})
        return self._page(request.url.params.get("iterator"))

    def _endpoint(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            if self.endpoint is None:
                return httpx.Response(404, json={"detail": "There is no such endpoint."})
        else:
            changed = json.loads(request.content)
            self.endpoint = (self.endpoint or {"id": "ep_1", "disabled": False}) | changed
        return httpx.Response(200, json=self.endpoint)

    def _page(self, iterator: str | None) -> httpx.Response:
        if iterator is not None:
            self.confirmed = int(iterator)
        found = self.messages[self.confirmed : self.confirmed + 1]
        data = [{"id": message_id, "eventType": "a.b"} for message_id, _ in found]
        place = str(self.confirmed + len(found))
        return httpx.Response(200, json={"data": data, "iterator": place, "done": not found})


class Program:
    """The program on this machine."""

    def __init__(self) -> None:
        self.received: list[httpx.Request] = []
        self.downs = 0
        self.status = 204

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.downs:
            self.downs -= 1
            raise httpx.ConnectError("Connection refused", request=request)
        self.received.append(request)
        return httpx.Response(self.status, text="thanks\x1b[2J")

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.received]


class ScriptedKeys:
    """Presses a key at each pause; then q."""

    def __init__(self, keys: str, at: Callable[[], None] = lambda: None) -> None:
        self._keys = list(keys)
        self._at = at

    def wait(self, timeout_s: float) -> str:
        if timeout_s == 0:
            return ""
        self._at()
        return (self._keys.pop(0) if self._keys else "q").strip()


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return saved_identity(tmp_path)


type Listen = Callable[..., str]


@pytest.fixture
def listen(platform: FakePlatform, program: Program, identity: Identity) -> Listen:
    """Listens until the keys are used up; gives what was shown."""

    def run(keys: str = "", types: tuple[str, ...] = (), at: Any = lambda: None) -> str:
        shown = io.StringIO()
        messages = PolledMessages(platform.connect, None, identity, types)
        with httpx.Client(transport=httpx.MockTransport(program.answer)) as http:
            url = target_url("3000", "/hook", allow_remote=False)
            forwarder = Forwarder(http, url, identity.signer, ("webhook",), lambda: NOW_S)
            display = Display(Console(file=shown, width=400))
            Listener(messages, forwarder, ScriptedKeys(keys, at), display).run()
        messages.close()
        return shown.getvalue()

    return run


def test_messages_arrive_with_their_bytes_and_a_signature(
    listen: Listen, platform: FakePlatform, program: Program, identity: Identity
) -> None:
    body = b'{"amount":  5.00 }\n'
    platform.messages = [("msg_1", body)]

    shown = listen()

    (request,) = program.received
    assert (str(request.url), request.content) == ("http://localhost:3000/hook", body)
    verify(dict(request.headers), request.content, [identity.signer], NOW_S)
    assert "a.b  msg_1  204" in shown
    assert platform.endpoint is not None
    assert (platform.endpoint["url"], platform.endpoint["uid"]) == ("poll://messages", identity.uid)


def test_what_came_meanwhile_is_forwarded_later_and_nothing_twice(
    listen: Listen, platform: FakePlatform, program: Program
) -> None:
    platform.messages = [("msg_1", b"{}")]
    listen()
    platform.messages += [("msg_2", b"{}"), ("msg_3", b"{}")]
    listen()

    assert program.ids == ["msg_1", "msg_2", "msg_3"]


@pytest.mark.parametrize("fault", [None, 401, 429, 500, 502, 503])
def test_an_interruption_at_any_request_loses_and_repeats_nothing(
    listen: Listen, platform: FakePlatform, program: Program, fault: int | None
) -> None:
    answer = platform._answer
    for good in range(9):
        platform.messages.append((f"msg_{good}", b"{}"))
        left = good % 4

        def failing(request: httpx.Request) -> httpx.Response:
            """Let some requests through before the fault."""
            nonlocal left
            left -= 1
            if left == 0:
                platform.faults = [fault]
            return answer(request)

        platform._answer = failing  # type: ignore[method-assign]
        shown = listen(" " * 6)

        assert program.ids == [f"msg_{number}" for number in range(good + 1)], shown


def test_a_program_that_is_down_holds_the_messages(
    listen: Listen, platform: FakePlatform, program: Program
) -> None:
    platform.messages = [("msg_1", b"{}"), ("msg_2", b"{}")]
    program.downs = 3

    shown = listen(" " * 6)

    assert program.ids == ["msg_1", "msg_2"]
    assert shown.count("cannot be reached") == 1


def test_quitting_while_a_message_is_held_keeps_it_for_the_next_time(
    listen: Listen, platform: FakePlatform, program: Program
) -> None:
    platform.messages = [("msg_1", b"{}")]
    program.downs = 1
    listen("q")
    assert program.ids == []

    listen()

    assert program.ids == ["msg_1"]


def test_keys_resend_to_the_program_alone_and_show_details(
    listen: Listen, platform: FakePlatform, program: Program
) -> None:
    platform.messages = [("msg_1", b'{"a":1}')]
    program.status = 500

    shown = listen(" rd")

    assert program.ids == ["msg_1", "msg_1"]
    assert shown.count("msg_1  500") == 2
    assert '"a": 1' in shown
    assert "webhook-signature: v1," in shown
    assert "thanks?[2J" in shown
    assert "\x1b" not in shown
    assert platform.confirmed == 1


def test_a_deleted_payload_is_passed_by_with_a_word(
    listen: Listen, platform: FakePlatform, program: Program
) -> None:
    platform.messages = [("msg_1", None), ("msg_2", b"{}")]

    assert "msg_1  its payload was deleted" in listen()
    assert program.ids == ["msg_2"]


def test_an_endpoint_that_somebody_deletes_is_made_again(
    listen: Listen, platform: FakePlatform, program: Program
) -> None:
    def delete() -> None:
        if platform.connections == 1:
            platform.endpoint, platform.messages, platform.confirmed = None, [], 0
        elif not platform.messages:
            platform.messages = [("msg_9", b"{}")]

    assert "There is no such endpoint." in listen(" " * 6, at=delete)
    assert program.ids == ["msg_9"]


def test_other_types_change_the_endpoint(listen: Listen, platform: FakePlatform) -> None:
    listen()
    assert platform.endpoint is not None
    assert platform.endpoint["eventTypes"] is None
    platform.endpoint["disabled"] = True
    listen(types=("b", "a"))
    assert platform.endpoint | {"eventTypes": ["a", "b"], "disabled": False} == platform.endpoint


def test_a_listener_that_is_refused_leaves_the_endpoint_as_it_is(
    listen: Listen, platform: FakePlatform, identity: Identity
) -> None:
    def refuse(endpoint_id: str) -> AbstractContextManager[None]:
        raise CommandFailed(f"{endpoint_id} is taken")

    listen(types=("a",))
    before = platform.endpoint
    second = PolledMessages(platform.connect, None, identity, ("b",), hold=refuse)

    with pytest.raises(CommandFailed, match="ep_1 is taken"):
        second.begin()
    assert platform.endpoint == before


def test_a_refusal_for_good_ends_it(listen: Listen, platform: FakePlatform) -> None:
    platform.faults = [403]

    with pytest.raises(CommandFailed, match="Fault 403"):
        listen()


def test_the_secret_and_the_name_stay_the_same(tmp_path: Path) -> None:
    first = saved_identity(tmp_path)

    assert saved_identity(tmp_path) == first
    assert first.secret not in repr(first)
    assert (tmp_path / "listen.json").stat().st_mode & 0o777 == 0o600
    assert saved_identity(tmp_path / "other").secret != first.secret


def test_listeners_that_start_at_once_have_the_same_identity(tmp_path: Path) -> None:
    together = Barrier(8)

    def start(folder: Path) -> Identity:
        together.wait()
        return saved_identity(folder)

    with ThreadPoolExecutor(8) as threads:
        for turn in range(20):
            folder = tmp_path / str(turn)
            assert len(set(threads.map(start, [folder] * 8))) == 1
            assert [each.name for each in folder.iterdir()] == ["listen.json"]


def test_a_name_has_a_position_of_its_own_and_the_same_secret(identity: Identity) -> None:
    named = identity.named("second")

    assert named.uid == f"{identity.uid}-second"
    assert named.secret == identity.secret
    for wrong in ("", "a b", "a/b", "x" * 65):
        with pytest.raises(CommandFailed, match="1 to 64"):
            identity.named(wrong)


def test_a_position_has_one_listener_at_a_time(tmp_path: Path) -> None:
    with sole_listener("ep_1", tmp_path):
        with pytest.raises(CommandFailed, match="--name"), sole_listener("ep_1", tmp_path):
            pytest.fail("two listeners share a position")
        with sole_listener("ep_2", tmp_path):
            pass
    with sole_listener("ep_1", tmp_path):
        pass


@pytest.mark.parametrize(
    ("written", "path", "url"),
    [
        ("3000", None, "http://localhost:3000"),
        ("3000", "hooks/angarium?a=b", "http://localhost:3000/hooks/angarium?a=b"),
        ("localhost:3000/hook", None, "http://localhost:3000/hook"),
        ("127.0.0.1:3000", None, "http://127.0.0.1:3000"),
        ("https://[::1]:3000/a", "/b", "https://[::1]:3000/b"),
        ("app.localhost:1", None, "http://app.localhost:1"),
    ],
)
def test_targets_of_this_machine(written: str, path: str | None, url: str) -> None:
    assert str(target_url(written, path, allow_remote=False)) == url


@pytest.mark.parametrize(
    "written",
    ["0", "65536", "example.com", "http://10.0.0.1:80", "ftp://localhost", "localhost.example.com"],
)
def test_other_targets_are_refused(written: str) -> None:
    with pytest.raises(CommandFailed):
        target_url(written, None, allow_remote=False)


def test_another_machine_may_be_asked_for() -> None:
    assert target_url("example.com", None, allow_remote=True).host == "example.com"
