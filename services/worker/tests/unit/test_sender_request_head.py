import pytest
from angarium_worker.adapters.sender.failures import SendFailed
from angarium_worker.adapters.sender.request_head import RESERVED_NAMES, RequestHeads
from angarium_worker.adapters.sender.url_rules import Destinations
from angarium_worker.application.sending import FailureReason
from hypothesis import given
from hypothesis import strategies as st

START = "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: "


def join(*headers: tuple[str, str], body: bytes = b"{}") -> bytes:
    return RequestHeads(32_768).join(START, headers, body)


def test_a_request_is_its_head_and_its_body() -> None:
    assert join(("Content-Type", "application/json"), ("X-A", "b\tc")) == (
        b"POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 2\r\n"
        b"Content-Type: application/json\r\nX-A: b\tc\r\n\r\n{}"
    )
    assert join(body=b"") == START.encode() + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "value", ["a\r\nX: y", "a\n", "\r", "\x00", "é", "\x7f", "a\x0bb", "\ud800"]
)
def test_a_value_that_could_become_another_header_is_refused(value: str) -> None:
    with pytest.raises(SendFailed, match="header X-Custom") as caught:
        join(("X-Custom", value))
    assert caught.value.reason is FailureReason.REQUEST_REFUSED


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\nb", "a\x00", "é", "(a)", "x" * 257])
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    with pytest.raises(SendFailed, match="not a valid header name"):
        join((name, "v"))


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_headers_that_frame_or_route_are_the_senders_own(name: str) -> None:
    with pytest.raises(SendFailed, match="set by Angarium"):
        join((name.title(), "v"))


def test_headers_beyond_the_bound_are_refused() -> None:
    with pytest.raises(SendFailed, match="more than 32768"):
        join(("X-Big", "v" * 33_000))


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=5))
def test_whatever_is_given_the_lines_are_exactly_the_headers(
    headers: list[tuple[str, str]],
) -> None:
    try:
        request = join(*headers)
    except SendFailed:
        return
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == b"{}"
    lines = head.decode("ascii").split("\r\n")
    assert lines[3:] == [f"{name}: {value}" for name, value in headers]
    assert not any("\n" in line or "\r" in line for line in lines)


def test_a_destination_has_the_urls_host_and_asks_for_no_encoding() -> None:
    destinations = Destinations(allow_http=True, user_agent="Angarium/1", cached_max=2)
    found = destinations.find("HTTP://EXAMPLE.com:8080/a?b#c")
    assert found.origin.key == "http://example.com 8080"
    assert found.head_start == (
        "POST /a?b HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: Angarium/1\r\n"
        "Accept: */*\r\nAccept-Encoding: identity\r\nContent-Length: "
    )
    assert destinations.find("HTTP://EXAMPLE.com:8080/a?b#c") is found


def test_the_memory_of_destinations_is_bounded() -> None:
    destinations = Destinations(allow_http=False, user_agent="Angarium/1", cached_max=2)
    first = destinations.find("https://a.example/")
    destinations.find("https://b.example/")
    destinations.find("https://c.example/")
    assert destinations.find("https://a.example/") is not first


def test_a_url_that_is_not_one_to_send_to_is_refused_with_the_reason() -> None:
    destinations = Destinations(allow_http=False, user_agent="Angarium/1", cached_max=2)
    with pytest.raises(SendFailed, match="https only") as caught:
        destinations.find("http://example.com/")
    assert caught.value.reason is FailureReason.URL_REFUSED
