"""URLs of endpoints that are streams."""

import pytest
from angarium_webhooks.endpoint_url import UrlRefused
from angarium_webhooks.stream_url import StreamUrl, is_stream_url, parse_stream_url
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("redis+stream://h.example/0/orders", "redis+stream://h.example/0/orders"),
        ("REDIS+STREAM://H.example:6379/0/orders", "redis+stream://h.example/0/orders"),
        ("rediss+stream://h.example:80/15/a:b", "rediss+stream://h.example:80/15/a:b"),
        ("redis+stream://10.0.0.1:6380/0/a?maxlen=100", "redis+stream://10.0.0.1:6380/0/a?maxlen=100"),
        ("redis+stream://[2606:4700:0::1]/0/a", "redis+stream://[2606:4700::1]/0/a"),
        ("redis+stream://[2606:4700::1]:7000/0/a", "redis+stream://[2606:4700::1]:7000/0/a"),
        ("redis+stream://h/0/%7Ba%7D%2Fb#f", "redis+stream://h/0/{a}%2Fb"),
    ],
)  # fmt: skip
def test_a_good_url_has_one_canonical_form(url: str, canonical: str) -> None:
    assert is_stream_url(url)
    parsed = parse_stream_url(url)
    assert parsed.canonical == canonical
    assert parse_stream_url(canonical) == parsed


def test_the_parts_are_what_a_connection_needs() -> None:
    parsed = parse_stream_url("rediss+stream://h.example/3/orders?maxlen=9")
    assert parsed == StreamUrl("rediss+stream", "h.example", 6379, 3, "orders", 9)
    assert parsed.is_tls


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis+stream://h", "path"),
        ("redis+stream://h/orders", "path"),
        ("redis+stream://h/0/a/b", "path"),
        ("redis+stream://h/1000/a", "path"),
        ("redis+stream://h/0/%00", "stream name"),
        ("redis+stream://h/0/" + "a" * 257, "stream name"),
        ("redis+stream://h/0/a?maxlen=0", "query"),
        ("redis+stream://h/0/a?maxlen=9&maxlen=9", "query"),
        ("redis+stream://h/0/a?minid=1", "query"),
        ("redis+stream:///0/a", "no host"),
        ("redis+stream://h:0/0/a", "port"),
        ("redis+stream://h/0/a b", "white space"),
    ],
)
def test_a_bad_url_is_refused_with_reason_and_remedy(url: str, reason: str) -> None:
    with pytest.raises(UrlRefused, match=reason) as caught:
        parse_stream_url(url)
    assert caught.value.remedy.endswith(".")


def test_credentials_in_the_url_are_refused_without_being_repeated() -> None:
    with pytest.raises(UrlRefused, match="user name or password") as caught:
        parse_stream_url("redis+stream://user:hunter2@h/0/a")
    assert "hunter2" not in str(caught.value)
    assert "authorization" in caught.value.remedy


@given(st.text(max_size=40))
def test_any_text_is_refused_or_has_a_canonical_form(text: str) -> None:
    try:
        parsed = parse_stream_url(f"redis+stream://{text}")
    except UrlRefused:
        return
    assert parse_stream_url(parsed.canonical) == parsed
    assert parsed.canonical.isascii()
