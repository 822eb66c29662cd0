from angarium_webhooks.http_heads import (
    HEADERS_MAX,
    NO_RESPONSE,
    RequestHead,
    ResponseHead,
    read_request_head,
    read_response_head,
)
from hypothesis import given
from hypothesis import strategies as st

HEADS = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=200).map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest),
    st.binary(max_size=200).map(lambda rest: b"POST / HTTP/1.1\r\n" + rest),
)


def test_a_response_is_its_status_line_and_its_headers() -> None:
    head = read_response_head(b"HTTP/1.0 502 Bad  Gateway \r\nServer:nginx\r\nVia: a\r\nVIA: b")
    assert head == ResponseHead(
        "1.0", 502, "Bad  Gateway", [("Server", "nginx"), ("Via", "a"), ("VIA", "b")]
    )
    assert (head.first("via"), head.first("x")) == ("a", None)


def test_a_status_line_may_have_no_reason() -> None:
    for line in (b"HTTP/1.1 204", b"HTTP/1.1 204 "):
        assert read_response_head(line) == ResponseHead("1.1", 204, "", [])


def test_a_request_is_its_line_and_its_headers() -> None:
    assert read_request_head(b"POST /a?b=c HTTP/1.1\r\nHost: x") == RequestHead(
        "POST", "/a?b=c", "1.1", [("Host", "x")]
    )


def test_what_is_no_head_has_no_parts() -> None:
    for garbage in (b"", b"SSH-2.0-OpenSSH_9.9", b"\x15\x03\x03", b"220 smtp ESMTP"):
        assert read_response_head(garbage) == NO_RESPONSE
        assert read_request_head(garbage).method is None


def test_a_head_that_is_cut_within_a_line_keeps_the_lines_before() -> None:
    head = read_response_head(b"HTTP/1.1 200 OK\r\nA: 1\r\nB")
    assert head.headers == [("A", "1")]


def test_headers_are_bounded() -> None:
    head = read_response_head(b"HTTP/1.1 200 OK" + b"\r\nA: 1" * 1_000)
    assert len(head.headers) <= HEADERS_MAX


@given(HEADS)
def test_reading_never_raises(head: bytes) -> None:
    read_request_head(head)
    found = read_response_head(head)
    assert all(name for name, _ in found.headers)
