"""The client of the API: exit statuses, sentences, repeated requests."""

from collections.abc import Callable

import httpx
import pytest
from angarium_cli.client.api_client import ApiClient, api_client, checked_url
from angarium_cli.failure import CommandFailed, ExitStatus

TOKEN = "ang_the-token-of-a-test"

type Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer, pauses: list[float] | None = None) -> ApiClient:
    http = httpx.Client(
        base_url="https://example.com",
        transport=httpx.MockTransport(answer),
        headers={"authorization": f"Bearer {TOKEN}"},
    )
    noted: list[float] = [] if pauses is None else pauses
    return ApiClient(http, pause=noted.append)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, ExitStatus.NOT_LOGGED_IN),
        (403, ExitStatus.FAILED),
        (404, ExitStatus.NOT_FOUND),
        (409, ExitStatus.FAILED),
        (422, ExitStatus.FAILED),
        (500, ExitStatus.FAILED),
    ],
)
def test_a_refusal_is_the_sentence_of_the_api(status: int, expected: ExitStatus) -> None:
    api = client(lambda _: httpx.Response(status, json={"detail": "This is why. Do that."}))

    with pytest.raises(CommandFailed, match=r"This is why\. Do that") as refused:
        api.get("/api/v1/app")

    assert refused.value.exit_status == expected


def test_a_422_names_the_members() -> None:
    fault = {"loc": ["body", "uid"], "msg": "`uid` must not be blank.", "type": "x"}
    api = client(lambda _: httpx.Response(422, json={"detail": [fault]}))

    with pytest.raises(CommandFailed, match=r"^uid: `uid` must not be blank\.$"):
        api.post("/api/v1/app", {})


def test_no_answer_is_another_status_and_shows_no_key() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(CommandFailed) as failed:
        client(fail).get("/api/v1/app")

    assert failed.value.exit_status == ExitStatus.UNREACHABLE
    assert TOKEN not in str(failed.value)


def test_a_busy_server_is_asked_again_with_the_same_idempotency_key() -> None:
    seen: list[str] = []
    pauses: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["idempotency-key"])
        if len(seen) < 3:
            return httpx.Response(503, headers={"retry-after": "7"}, json={"detail": "Busy."})
        return httpx.Response(200, json={"id": "app_1"})

    assert client(answer, pauses).send("POST", "/api/v1/app", body={})["id"] == "app_1"
    assert len(set(seen)) == 1
    assert pauses == [7.0, 7.0]


def test_it_gives_up_after_four_tries_and_repeats_no_change() -> None:
    tries: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tries.append(request.method)
        return httpx.Response(503, headers={"retry-after": "3600"}, json={"detail": "Busy."})

    pauses: list[float] = []
    for method in ("GET", "PATCH", "DELETE"):
        with pytest.raises(CommandFailed, match="Busy"):
            client(answer, pauses).send(method, "/api/v1/app/a")

    assert tries == ["GET"] * 4 + ["PATCH", "DELETE"]
    assert max(pauses) <= 10


@pytest.mark.parametrize("url", ["", "example.com", "ftp://example.com", "http://", "https://[::"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(CommandFailed, match="write it as https://"):
        checked_url(url)


def test_a_url_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(CommandFailed) as refused:
        checked_url("https://user:hunter2@example.com")

    assert "hunter2" not in str(refused.value)


def test_a_page_of_a_proxy_cannot_control_the_terminal() -> None:
    with pytest.raises(CommandFailed) as refused:
        client(lambda _: httpx.Response(502, text="Bad\x1b[2J gateway")).send("PATCH", "/x")

    assert str(refused.value) == "Bad?[2J gateway"


def test_a_key_with_a_line_break_is_refused_without_showing_it() -> None:
    with pytest.raises(CommandFailed) as refused, api_client("https://example.com", "ang_a\nb"):
        pass

    assert "ang_a" not in str(refused.value)
