import pytest
from angarium_worker.adapters.destinations.webhook.limits import SenderLimits
from angarium_worker.adapters.destinations.webhook.response import Response, ResponseRefused
from hypothesis import given
from hypothesis import strategies as st

LIMITS = SenderLimits()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = (
    b"HTTP/1.1 202 A\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n"
)


def read(*parts: bytes) -> Response:
    response = Response(LIMITS)
    done = [response.feed(part) for part in parts]
    assert done[-1]
    assert not any(done[:-1])
    return response


def test_a_plain_response_is_read_and_its_connection_kept() -> None:
    response = read(OK)
    assert (response.status, response.body, response.keeps_alive) == (200, b"ok", True)
    assert response.retry_after is None
    assert not response.body_truncated


@pytest.mark.parametrize("whole", [OK, CHUNKED])
def test_a_response_may_come_byte_by_byte(whole: bytes) -> None:
    response = read(*[whole[at : at + 1] for at in range(len(whole))])
    assert response.status in {200, 202}
    assert response.body in {b"ok", b"ok!"}
    assert response.keeps_alive


def test_one_object_reads_response_after_response() -> None:
    response = read(OK)
    response.reset()
    assert response.feed(CHUNKED)
    assert response.body == b"ok!"
    response.reset()
    assert response.feed(b"HTTP/1.1 204 No\r\n\r\n")
    assert (response.status, response.body) == (204, b"")


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_connection_that_the_peer_will_close_is_not_kept(head: bytes) -> None:
    assert not read(head).keeps_alive


@pytest.mark.parametrize("extra", [b"H", b"x", OK, b"HTTP/1.1 200 OK\r\n\r\n", b"\x00", b" "])
@pytest.mark.parametrize("whole", [OK, CHUNKED, b"HTTP/1.1 204 No\r\n\r\n"])
def test_bytes_after_the_response_poison_the_connection_not_the_answer(
    whole: bytes, extra: bytes
) -> None:
    clean = read(whole)
    response = read(whole + extra)
    assert (response.status, response.body) == (clean.status, clean.body)
    assert not response.keeps_alive


def test_retry_after_is_kept_as_sent_and_capped() -> None:
    head = b"HTTP/1.1 503 X\r\nretry-AFTER: %s\r\nContent-Length: 0\r\n\r\n"
    assert read(head % b"120").retry_after == "120"
    assert read(head % (b"9" * 1000)).retry_after == "9" * 128


def test_a_trailer_says_nothing_about_the_response() -> None:
    assert read(CHUNKED.replace(b"A: b", b"Retry-After: 5")).retry_after is None


def test_interim_responses_are_passed_over_up_to_their_bound() -> None:
    interim = b"HTTP/1.1 103 Early\r\nRetry-After: 1\r\n\r\n"
    response = read(interim * 8 + OK)
    assert (response.status, response.retry_after) == (200, None)
    with pytest.raises(ResponseRefused, match="more than 8 interim"):
        Response(LIMITS).feed(interim * 9)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"garbage\r\n\r\n", "."),
        (b"\x15\x03\x01\x00\x02", "speaks TLS"),
        (b"SSH-2.0-OpenSSH_9\r\n", "."),
        (b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "no other protocol"),
        (b"HTTP/1.1 099 X\r\n\r\n", "status 99"),
        (b"HTTP/1.1 100 X\r\nContent-Length: 3\r\n\r\n", "with a body"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 X\r\nContent-Length: -1\r\n\r\n", "Content-Length"),
        (
            b"HTTP/1.1 200 X\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
            "Transfer-Encoding",
        ),
        (b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "chunk size"),
        (b"HTTP/1.1 200 X\r\nA: " + b"a" * 40_000, "longer than 32768"),
        (b"HTTP/1.1 200 X\r\nA: " + b"a" * 40_000 + b"\r\n\r\n", "longer than 32768"),
        (b"HTTP/1.1 200 X\r\n" + b"A: b\r\n" * 8_000 + b"\r\n", "longer than 32768"),
    ],
)
def test_what_is_no_response_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(ResponseRefused, match=why) as caught:
        Response(LIMITS).feed(data)
    assert str(caught.value)


def test_endless_trailers_end_the_answer_by_what_is_read() -> None:
    response = Response(LIMITS)
    head = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: "
    assert not response.feed(head)
    assert any(response.feed(b"a" * 1024) for _ in range(65))
    assert response.status == 200
    assert not response.keeps_alive


def test_a_long_body_is_kept_in_part_and_read_in_part() -> None:
    kept = read(b"HTTP/1.1 200 X\r\nContent-Length: 20000\r\n\r\n" + b"a" * 20_000)
    assert (len(kept.body), kept.body_truncated, kept.keeps_alive) == (16_384, True, True)
    response = Response(LIMITS)
    assert not response.feed(b"HTTP/1.1 200 X\r\nContent-Length: 999999\r\n\r\n")
    fed = 0
    while not response.feed(b"b" * 1000):
        fed += 1000
    assert fed <= 65_536
    assert (len(response.body), response.body_truncated, response.keeps_alive) == (
        16_384,
        True,
        False,
    )


def test_only_a_body_without_a_length_is_ended_by_the_connection() -> None:
    until_close = Response(LIMITS)
    until_close.feed(b"HTTP/1.1 200 X\r\n\r\nabc")
    assert until_close.end_of_connection_completes()
    cut_off = Response(LIMITS)
    cut_off.feed(b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nabc")
    assert not cut_off.end_of_connection_completes()
    assert not Response(LIMITS).end_of_connection_completes()


pieces = st.sampled_from(
    [b"HTTP/1.1 ", b"200", b"100", b" OK\r\n", b"\r\n", b"Content-Length: ", b"Retry-After: ", b"3",
     b"Transfer-Encoding: chunked\r\n", b"\n", b"\r", b"\x00", b"a" * 700, OK, CHUNKED]
)  # fmt: skip


@given(st.lists(st.one_of(pieces, st.binary(max_size=20)), max_size=60))
def test_any_bytes_end_refused_or_in_bounds(parts: list[bytes]) -> None:
    response = Response(LIMITS)
    try:
        for part in parts:
            if response.feed(part):
                assert 200 <= response.status <= 999
                assert len(response.body) <= LIMITS.response_body_kept_bytes_max
                return
    except ResponseRefused:
        return


def test_what_the_receiver_asks_for_is_kept_as_sent_and_capped() -> None:
    head = b"HTTP/1.1 500 No\r\nWebhook-Delivery: %s\r\nContent-Length: 0\r\n\r\n"
    response = read(head % b"abort-message")
    assert response.request == "abort-message"
    assert read(head % (b"d" * 1000)).request == "d" * 32
    response.reset()
    assert response.request is None
    assert response.feed(OK)
    assert response.request is None
    interim = b"HTTP/1.1 103 Hints\r\nWebhook-Delivery: disable\r\n\r\n"
    assert read(interim + OK).request is None
