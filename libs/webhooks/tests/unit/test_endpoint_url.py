import pytest
from angarium_webhooks.endpoint_url import (
    EndpointUrl,
    UrlRefused,
    check_endpoint_url,
    mask_credentials,
    parse_endpoint_url,
)
from hypothesis import example, given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://EXAMPLE.com:443/A", "https://example.com/A"),
        ("http://example.com:80/", "http://example.com/"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("https://example.com:8443?x=1", "https://example.com:8443/?x=1"),
        ("https://example.com/a?b?c#secret", "https://example.com/a?b?c"),
        ("https://example.com#f", "https://example.com/"),
        ("https://example.com/a/./b/../c/%2e%2E/d", "https://example.com/a/d"),
        ("https://example.com/../../etc", "https://example.com/etc"),
        ("https://example.com/a/..", "https://example.com/"),
        ("https://example.com/a/.", "https://example.com/a/"),
        ("https://example.com//a//b/", "https://example.com//a//b/"),
        ("https://example.com/ü?q=ü", "https://example.com/%C3%BC?q=%C3%BC"),
        ('https://example.com/<">`{}^', "https://example.com/%3C%22%3E%60%7B%7D%5E"),
        ("https://example.com/a%2Fb%00", "https://example.com/a%2Fb%00"),
        ("https://example.com/@user:x", "https://example.com/@user:x"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://BÜCHER.example/", "https://xn--bcher-kva.example/"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://例え。jp/", "https://xn--r8jz45g.jp/"),
        ("https://xn--ls8h.la/hook", "https://xn--ls8h.la/hook"),
        ("https://XN--LS8H.la/", "https://xn--ls8h.la/"),
        ("https://💩.la/", "https://xn--ls8h.la/"),
        ("https://☃.net/", "https://xn--n3h.net/"),
        ("https://❤️.example/", "https://xn--qei.example/"),
        ("https://my_service.bücher.example/", "https://my_service.xn--bcher-kva.example/"),
        ("https://my_service.internal:9/", "https://my_service.internal:9/"),
        ("https://localhost/", "https://localhost/"),
        ("https://1.example/", "https://1.example/"),
        ("http://93.184.216.34:8080/x", "http://93.184.216.34:8080/x"),
        ("https://[2606:4700:0:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://[2606:4700::1111]:8443/", "https://[2606:4700::1111]:8443/"),
        # Full-width digits are mapped to the address that every resolver would see.
        ("http://１２７.0.0.1/", "http://127.0.0.1/"),
    ],
)
def test_a_good_url_has_one_canonical_form(url: str, canonical: str) -> None:
    assert check_endpoint_url(url, allow_http=True) == canonical
    assert check_endpoint_url(canonical, allow_http=True) == canonical


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "empty"),
        ("example.com/x", "no scheme"),
        ("//example.com/x", "no scheme"),
        ("/x", "no scheme"),
        ("ftp://example.com/", "scheme is ftp"),
        ("file:///etc/passwd", "scheme is file"),
        ("javascript:alert(1)", "scheme is javascript"),
        ("gopher://example.com:70/", "scheme is gopher"),
        ("httpss://example.com/", "scheme is httpss"),
        ("https:example.com", "no //"),
        ("https:/example.com", "no //"),
        ("https://", "no host"),
        ("https:///path", "no host"),
        ("https://:443/", "no host"),
        ("https://?x", "no host"),
        ("https://#x", "no host"),
        ("https://user@example.com/", "user name"),
        ("https://user:secret@example.com/", "user name"),
        ("https://@example.com/", "user name"),
        ("https://example.com@127.0.0.1/", "user name"),
        ("https://example.com\\@127.0.0.1/", "backslash"),
        ("https:\\\\example.com", "backslash"),
        ("https://example.com/a\\b", "backslash"),
        (" https://example.com/", "white space"),
        ("https://example.com/ ", "white space"),
        ("https://example.com/a b", "white space"),
        ("https://example.com/\r\nHost: x", "white space"),
        ("https://exam\tple.com/", "white space"),
        ("https://example.com/\x00", "white space"),
        ("https://example.com/\x7f", "white space"),
        ("https://example\u200b.com/", "invisible"),
        ("https://example.com/\u202e", "invisible"),
        ("https://example.com/\ud800", "Unicode"),
        ("https://exa%6dple.com/", "% sign"),
        ("https://[fe80::1%25eth0]/", "% sign"),
        ("https://[fe80::1%eth0]/", "% sign"),
        ("https://example.com/100%", "% sign"),
        ("https://example.com/?q=%zz", "% sign"),
        ("https://example.com:0/", "port"),
        ("https://example.com:65536/", "port"),
        ("https://example.com:/", "port"),
        ("https://example.com:080/", "port"),
        ("https://example.com:+80/", "port"),
        ("https://example.com:٨٠/", "port"),
        ("https://example.com:99999999999/", "port"),
        ("https://example.com:80:80/", "IPv6"),
        ("http://2130706433/", "number"),
        ("http://0x7f000001/", "number"),
        ("http://0x/", "number"),
        ("http://017700000001/", "number"),
        ("http://127.1/", "number"),
        ("http://127.0.0.01/", "number"),
        ("http://127.0.0.0x1/", "number"),
        ("http://127.0.0.1./", "number"),
        ("http://256.0.0.1/", "number"),
        ("http://1.2.3.4.5/", "number"),
        ("http://foo.0x4/", "number"),
        ("http://foo.09/", "number"),
        ("http://example.com./", "not a valid name"),
        ("http://.example.com/", "not a valid name"),
        ("http://example..com/", "not a valid name"),
        ("http://./", "not a valid name"),
        ("http://-example.com/", "not a valid name"),
        ("http://example-.com/", "not a valid name"),
        ("http://exa mple.com/", "white space"),
        ("http://exa<mple.com/", "not a valid name"),
        ("http://exa*mple.com/", "not a valid name"),
        ("http://" + "a" * 64 + ".com/", "not a valid name"),
        ("http://" + "a." * 126 + "com/", "not a valid name"),
        ("http://xn--a/", "internationalised"),
        ("http://xn--zzzzzzzzzzz99999/", "internationalised"),
        ("http://xn--/", "internationalised"),
        ("http://xn--abc-/", "internationalised"),
        ("http://xn--xn---epa.com/", "internationalised"),
        ("http://xn--ü/", "internationalised"),
        ("http://" + "ü" * 1000 + ".com/", "internationalised"),
        ("http://\u0301a.com/", "internationalised"),
        ("http://\u05d0a.com/", "internationalised"),
        ("http://a\u2100b.com/", "not a valid name"),
        ("http://\u2024\u2024/", "internationalised"),
        ("http://[::ffff:127.0.0.1]/", "IPv4 address written as IPv6"),
        ("http://[::1/", "IPv6"),
        ("http://::1/", "IPv6"),
        ("http://[::1]x/", "IPv6"),
        ("http://[]/", "IPv6"),
        ("http://[1.2.3.4]/", "IPv6"),
        ("http://[v1.x]/", "IPv6"),
        ("https://example.com/" + "a" * 4096, "characters"),
        ("https://example.com/" + "ü" * 1000, "percent-encoded"),
    ],
)
def test_a_doubtful_url_is_refused_with_its_reason_and_a_remedy(url: str, reason: str) -> None:
    with pytest.raises(UrlRefused) as caught:
        check_endpoint_url(url, allow_http=True)
    assert reason in caught.value.reason
    assert caught.value.reason.endswith(".")
    assert caught.value.remedy.endswith(".")


def test_http_is_refused_unless_the_operator_allows_it() -> None:
    with pytest.raises(UrlRefused, match="https only"):
        check_endpoint_url("http://example.com/", allow_http=False)
    assert check_endpoint_url("https://example.com/", allow_http=False) == "https://example.com/"
    with pytest.raises(UrlRefused, match=r"Begin it with https://\."):
        check_endpoint_url("ws://example.com/", allow_http=False)


def test_a_password_is_not_repeated_in_the_refusal() -> None:
    with pytest.raises(UrlRefused) as caught:
        check_endpoint_url("https://user:hunter2@example.com/", allow_http=False)
    assert "hunter2" not in str(caught.value)


def test_the_parts_are_what_the_request_line_and_host_header_need() -> None:
    url = parse_endpoint_url("https://[2606:4700::1]:8443/a?b", allow_http=False)
    assert url == EndpointUrl("https", "2606:4700::1", 8443, "/a?b")
    assert url.authority == "[2606:4700::1]:8443"


tricky = st.text(
    st.sampled_from("htps:/\\@#?%[]().0123456789xabcf-_ ü。１\u200b\t\n&=+~é|^`{}<>\"'"),
    max_size=30,
)


@given(st.one_of(tricky, tricky.map("https://".__add__), st.text(max_size=30)))
@example("https://a/%2e%2e/%2E")
@example("https://a/..//b")
def test_any_text_is_refused_or_has_a_stable_canonical_form_of_plain_ascii(text: str) -> None:
    try:
        url = parse_endpoint_url(text, allow_http=True)
    except UrlRefused:
        return
    canonical = url.canonical
    assert canonical.isascii()
    assert canonical.isprintable()
    assert " " not in canonical
    assert parse_endpoint_url(canonical, allow_http=True) == url
    assert url.target.startswith("/")
    assert "#" not in canonical


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://user:secret@example.com/in", "https://user@example.com/in"),
        ("https://user:a@b:secret@example.com/@in", "https://user@example.com/@in"),
        ("https:user:secret@example.com", "https:user@example.com"),
        ("redis+stream://user:secret@example.com/0/a", "redis+stream://user@example.com/0/a"),
        ("https://user:secret\\@example.com", "https://user@example.com"),
        ("https:/user:secret@example.com", "https:/user@example.com"),
        ("https:///user:secret@example.com", "https:///user@example.com"),
        (" https://user:secret@example.com", " https://user@example.com"),
        ("https://user:secret@", "https://user@"),
        ("//user:secret@example.com", "//user@example.com"),
    ],
)
def test_credentials_are_masked_and_refused(url: str, masked: str) -> None:
    assert mask_credentials(url) == masked
    with pytest.raises(UrlRefused):
        parse_endpoint_url(masked, allow_http=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/@a",
        "https://example.com?to=a@b",
        "https://example.com/#@",
        "poll://messages",
    ],
)
def test_an_at_sign_after_the_host_is_no_credential(url: str) -> None:
    assert mask_credentials(url) == url
