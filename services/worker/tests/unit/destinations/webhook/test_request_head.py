import msgspec
import pytest
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.header_rules import RESERVED_NAMES
from angarium_worker.adapters.destinations.dialing.client_certificates import ClientCertificate
from angarium_worker.adapters.destinations.dialing.failures import SendFailed
from angarium_worker.adapters.destinations.dialing.origin import Origins
from angarium_worker.adapters.destinations.webhook.request_head import RequestHeads
from angarium_worker.adapters.destinations.webhook.url_rules import Routes
from angarium_worker.adapters.destinations.webhook.webhook_request import WebhookRequest
from angarium_worker.domain.attempt_result import FailureReason
from hypothesis import given
from hypothesis import strategies as st

PUBLIC = EgressRules()
START = "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: "


def join(*headers: tuple[str, str], body: bytes = b"{}") -> bytes:
    return RequestHeads(32_768).join(START, headers, body).request


def test_the_values_of_secret_headers_are_sent_but_not_shown() -> None:
    joined = RequestHeads(32_768).join(
        START, (("webhook-id", "msg_1"),), b"{}", (("X-Api-Key", "s3cret"), ("X-B", "other"))
    )
    assert joined.request == joined.shown + b"\r\nX-Api-Key: s3cret\r\nX-B: other\r\n\r\n{}"
    assert joined.shown == START.encode() + b"2\r\nwebhook-id: msg_1"
    assert joined.withheld == ("X-Api-Key", "X-B")


@pytest.mark.parametrize("header", [("X-Api-Key", "a\r\nb"), ("Host", "a"), ("X", "v" * 33_000)])
def test_secret_headers_have_the_rules_of_others(header: tuple[str, str]) -> None:
    with pytest.raises(SendFailed) as caught:
        RequestHeads(32_768).join(START, (), b"{}", (header,))
    assert caught.value.reason is FailureReason.REQUEST_REFUSED


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


def routes_with(*, allow_http: bool, rules: EgressRules = PUBLIC) -> Routes:
    return Routes(Origins(rules), allow_http=allow_http, user_agent="Angarium/1")


def test_a_route_has_the_urls_host_and_asks_for_no_encoding() -> None:
    routes = routes_with(allow_http=True)
    found = routes.find("HTTP://EXAMPLE.com:8080/a?b#c")
    assert found.origin.key == "http://example.com 8080"
    assert found.head_start == (
        "POST /a?b HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: Angarium/1\r\n"
        "Accept: */*\r\nAccept-Encoding: identity\r\nContent-Length: "
    )


def test_a_url_that_is_not_one_to_send_to_is_refused_with_the_reason() -> None:
    routes = routes_with(allow_http=False)
    with pytest.raises(SendFailed, match="https only") as caught:
        routes.find("http://example.com/")
    assert caught.value.reason is FailureReason.URL_REFUSED


def test_a_host_or_port_that_the_operator_denies_is_no_destination() -> None:
    rules = EgressRules.parse(denied_hosts=["*.example.com"], allowed_ports=["443"])
    routes = routes_with(allow_http=True, rules=rules)
    assert routes.find("https://example.com/").origin.host == "example.com"
    for url in ("https://a.EXAMPLE.com/", "https://example.com:8443/", "http://example.com/"):
        with pytest.raises(SendFailed) as caught:
            routes.find(url)
        assert caught.value.reason is FailureReason.DESTINATION_NOT_ALLOWED


def test_a_proxy_and_a_certificate_each_make_another_origin_and_show_no_secret() -> None:
    routes = routes_with(allow_http=True)
    url = "https://example.com/"
    ways = [
        (None, b"hunter1"),
        ("socks5://proxy.example", None),
        ("socks5://user:hunter2@proxy.example", None),
        ("socks5://user:hunter3@proxy.example", b"hunter4"),
    ]
    found = [routes.find(url), *(routes.find(url, *way) for way in ways)]
    assert len({route.origin.key for route in found}) == 5
    assert "hunter" not in f"{[route.origin for route in found]}"


def test_a_client_certificate_does_not_matter_without_tls() -> None:
    routes = routes_with(allow_http=True)
    routed = routes.find("http://a.example/", None, b"certificate")
    assert routed.origin.key == routes.find("http://a.example/").origin.key


@pytest.mark.parametrize(
    "proxy",
    ["https://proxy.example", "socks5h://p", "", "socks5://", "http://p:0", "http://p/x", "http://@p",
     "http://" + "u" * 256 + "@p", "http://p:99999", "http://a b", "http://u%0a@p", "http://[::1"],
)  # fmt: skip
def test_a_proxy_that_cannot_be_used_fails_the_request(proxy: str) -> None:
    with pytest.raises(SendFailed) as caught:
        routes_with(allow_http=True).find("https://a.example/", proxy, None)
    assert caught.value.reason is FailureReason.PROXY_FAILED


def test_requests_and_certificates_do_not_show_their_secrets() -> None:
    request = WebhookRequest("https://a.example/", [("x-token", "hunter2")], b"hunter2", 1.0)
    request = msgspec.structs.replace(request, proxy="http://u:hunter2@p", client_certificate=b"hu")
    assert "hunter2" not in repr(request)
    assert "hunter2" not in repr(ClientCertificate(b"hunter2"))
