"""What proxies an endpoint may name."""

import pytest
from angarium_dispatcher.application.endpoints.proxy_url import parse_proxy_url
from angarium_dispatcher.domain.refusals import InvalidField
from angarium_webhooks.egress.egress_rules import EgressRules
from hypothesis import given
from hypothesis import strategies as st

RULES = EgressRules.parse(["10.0.0.1/32", "2001:db8::/32"], denied_ports=["25"])


@pytest.mark.parametrize(
    ("text", "url", "shown"),
    [
        ("http://proxy:3128", "http://proxy:3128", "http://proxy:3128"),
        ("http://Proxy.Example.com/", "http://proxy.example.com:80", "http://proxy.example.com:80"),
        ("socks5://u:p%40w@10.0.0.1", "socks5://u:p%40w@10.0.0.1:1080", "socks5://10.0.0.1:1080"),
        ("socks5://[2001:DB8::0:1]:9", "socks5://[2001:db8::1]:9", "socks5://[2001:db8::1]:9"),
    ],
)
def test_a_proxy_is_read_and_shown_without_its_password(text: str, url: str, shown: str) -> None:
    proxy = parse_proxy_url(text, RULES)
    assert (proxy.url, proxy.shown) == (url, shown)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "proxy:3128",
        "https://proxy:3128",
        "ftp://proxy",
        "http://",
        "http://proxy:0",
        "http://proxy:70000",
        "http://proxy:port",
        "http://proxy/path",
        "http://proxy?q",
        "http://pro xy",
        "http://proxy\r\nx: y",
        "http://[::1",
        "http://[zz]",
        "http://:secret@proxy",
        "http://@proxy",
        "http://proxy:",
        "http://1.2",
        "http://[::ffff:1.2.3.4]",
        "http://u:" + "p" * 256 + "@proxy",
        "http://-proxy",
        "http://proxy" + "a" * 2_048,
    ],
)
def test_what_is_no_proxy_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_proxy_url(text, RULES)
    assert refused.value.field == "proxy_url"
    assert "secret" not in str(refused.value)


@given(st.text(max_size=60) | st.text("htps5ock:/@[]u.1%", max_size=40))
def test_whatever_is_given_is_read_or_refused_and_reads_again_as_itself(text: str) -> None:
    try:
        proxy = parse_proxy_url(text, RULES)
    except InvalidField:
        return
    assert "@" not in proxy.shown
    assert parse_proxy_url(proxy.url, RULES) == proxy


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("http://10.0.0.2:3128", "10.0.0.2 is not allowed: private."),
        ("socks5://u:secret@[::1]", "::1 is not allowed: loopback."),
        ("socks5://proxy.example:25", "Port 25 is denied by the operator."),
    ],
)
def test_an_endpoints_own_proxy_must_be_allowed_as_its_host_must(text: str, why: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_proxy_url(text, RULES)
    assert refused.value.field == "proxy_url"
    assert why in str(refused.value)
    assert "ask the operator to" in str(refused.value)
    assert "secret" not in str(refused.value)
