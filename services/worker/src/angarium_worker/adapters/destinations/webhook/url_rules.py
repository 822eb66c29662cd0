"""From a URL to what the sender needs of it, once per endpoint; pure."""

from angarium_webhooks.endpoint_url import EndpointUrl, UrlRefused, parse_endpoint_url
from msgspec import Struct

from angarium_worker.domain.attempt_result import FailureReason

from .client_certificates import ClientCertificate
from .egress_rules import EgressRules
from .failures import SendFailed
from .origin import Origin, origin_of
from .proxy_url import Proxy, ProxyUrlRefused


class Route(Struct, frozen=True, gc=False):
    """The way to one URL, ready: its origin and the request's head up to the Content-Length's
    value."""

    origin: Origin
    head_start: str


class NoRoute(Struct, frozen=True, gc=False):
    """Why a URL is not sent to."""

    reason: FailureReason
    detail: str


class Routes:
    """Makes routes. `proxy` is the operator's, for all endpoints without one of their own."""

    def __init__(
        self,
        rules: EgressRules,
        *,
        allow_http: bool,
        user_agent: str,
        proxy: Proxy | None = None,
    ) -> None:
        self._rules = rules
        self._allow_http = allow_http
        self._user_agent = user_agent
        self._proxy = proxy

    def find(self, url: str, proxy: str | None = None, certificate: bytes | None = None) -> Route:
        """Raises SendFailed(URL_REFUSED, DESTINATION_NOT_ALLOWED) for a URL not to send to,
        SendFailed(PROXY_FAILED) for a proxy that cannot be used."""
        way = self._proxy if proxy is None else _parse_proxy(proxy)
        own = None if certificate is None else ClientCertificate(certificate)
        return self._make(url, way, own)

    def _make(self, url: str, proxy: Proxy | None, certificate: ClientCertificate | None) -> Route:
        try:
            parsed = parse_endpoint_url(url, allow_http=self._allow_http)
        except UrlRefused as refused:
            raise SendFailed(FailureReason.URL_REFUSED, str(refused)) from refused
        refusal = self._rules.destination_refusal(parsed.host, parsed.port)
        if refusal is not None:
            raise SendFailed(FailureReason.DESTINATION_NOT_ALLOWED, refusal)
        origin = origin_of(parsed.scheme, parsed.host, parsed.port, proxy, certificate)
        return Route(origin, self._head_start(parsed))

    def _head_start(self, url: EndpointUrl) -> str:
        return (
            f"POST {url.target} HTTP/1.1\r\n"
            f"Host: {url.authority}\r\n"
            f"User-Agent: {self._user_agent}\r\n"
            "Accept: */*\r\n"
            "Accept-Encoding: identity\r\n"
            "Content-Length: "
        )


def _parse_proxy(url: str) -> Proxy:
    try:
        return Proxy.parse(url)
    except ProxyUrlRefused as refused:
        raise SendFailed(FailureReason.PROXY_FAILED, str(refused)) from None
