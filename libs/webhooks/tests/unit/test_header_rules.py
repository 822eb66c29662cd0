"""What custom headers an endpoint may have."""

import pytest
from angarium_webhooks.header_rules import (
    HEADER_BYTES_MAX,
    HEADERS_BYTES_MAX,
    HEADERS_MAX,
    RESERVED_NAMES,
    HeaderRefused,
    check_custom_headers,
    is_sensitive,
)
from hypothesis import given
from hypothesis import strategies as st


def test_ordinary_headers_are_taken() -> None:
    check_custom_headers({"X-Example": "1 2", "Authorization": "Bearer abc", "x_empty": ""})
    check_custom_headers({f"x-{n}": "v" for n in range(HEADERS_MAX)})


@pytest.mark.parametrize(
    "name",
    [
        *sorted(RESERVED_NAMES),
        "Host",
        "Content-Type",
        "Transfer-ENCODING",
        "Webhook-Id",
        "webhook-anything",
        "Svix-Signature",
        "User-Agent",
        "traceparent",
    ],
)
def test_what_angarium_sets_itself_is_refused(name: str) -> None:
    with pytest.raises(HeaderRefused, match=r"leave it out|choose another name") as refused:
        check_custom_headers({name: "value"})
    assert refused.value.name == name


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("Content-Type", "or set `contentType`"),
        ("Host", "cannot be changed; leave it out"),
        ("Webhook-Id", "begin with webhook- are Angarium's; choose another name"),
    ],
)
def test_a_refusal_says_what_can_be_done(name: str, remedy: str) -> None:
    with pytest.raises(HeaderRefused, match=remedy):
        check_custom_headers({name: "1"})


@pytest.mark.parametrize("name", ["", "a b", "a:b", "ü", "a\r\nb", "a" * 257])
def test_what_is_no_header_name_is_refused(name: str) -> None:
    with pytest.raises(HeaderRefused, match="not a header name"):
        check_custom_headers({name: "value"})


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\0", "ü", "\t", " a", "a ", "\x7f"])
def test_a_value_that_is_not_printable_ascii_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(HeaderRefused, match="printable ASCII") as refused:
        check_custom_headers({"x-secret": f"{value}"})
    assert "x: y" not in str(refused.value)


def test_headers_are_bounded_in_count_and_size() -> None:
    with pytest.raises(HeaderRefused, match=f"at most {HEADERS_MAX}"):
        check_custom_headers({f"x-{n}": "v" for n in range(HEADERS_MAX + 1)})
    check_custom_headers({"x": "v" * (HEADER_BYTES_MAX - 1)})
    with pytest.raises(HeaderRefused, match=str(HEADER_BYTES_MAX)):
        check_custom_headers({"x": "v" * HEADER_BYTES_MAX})
    with pytest.raises(HeaderRefused, match=str(HEADERS_BYTES_MAX)):
        check_custom_headers({f"x{n}": "v" * 4_000 for n in range(5)})


def test_a_name_twice_in_another_case_is_refused() -> None:
    with pytest.raises(HeaderRefused, match="once"):
        check_custom_headers({"X-A": "1", "x-a": "2"})


@pytest.mark.parametrize(
    "name",
    ["Authorization", "X-API-Key", "Cookie", "x-my-token", "Client-Secret", "x-password", "X-Auth"],
)
def test_secrets_are_known_by_their_names(name: str) -> None:
    assert is_sensitive(name)


@pytest.mark.parametrize("name", ["X-Example", "X-Tenant", "Priority"])
def test_other_headers_are_shown(name: str) -> None:
    assert not is_sensitive(name)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=5))
def test_what_is_taken_never_holds_a_line_break_or_a_reserved_name(headers: dict[str, str]) -> None:
    try:
        check_custom_headers(headers)
    except HeaderRefused:
        return
    for name, value in headers.items():
        assert name.isascii()
        assert (name + value).isprintable()
        assert name.lower() not in RESERVED_NAMES
