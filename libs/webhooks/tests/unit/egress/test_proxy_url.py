"""What proxies an endpoint may name."""

import pytest
from angarium_webhooks.egress.proxy_url import Proxy, ProxyUrlRefused
from hypothesis import given
from hypothesis import strategies as st


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
    proxy = Proxy.parse(text)
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
        "socks5://u%0a:secret@proxy",
        "http://u:secret%00@proxy",
        "http://proxy\\path",
    ],
)
def test_what_is_no_proxy_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ProxyUrlRefused) as refused:
        Proxy.parse(text)
    assert str(refused.value).endswith(".")
    assert "secret" not in str(refused.value)


@given(st.text(max_size=60) | st.text("htps5ock:/@[]u.1%", max_size=40))
def test_whatever_is_given_is_read_or_refused_and_reads_again_as_itself(text: str) -> None:
    try:
        proxy = Proxy.parse(text)
    except ProxyUrlRefused:
        return
    assert "@" not in proxy.shown
    again = Proxy.parse(proxy.url)
    assert (again.url, again.shown, again.key) == (proxy.url, proxy.shown, proxy.key)
