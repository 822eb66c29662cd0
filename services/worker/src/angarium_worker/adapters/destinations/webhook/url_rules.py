"""From a URL to what the sender needs of it, once per URL; pure."""

from angarium_webhooks.endpoint_url import EndpointUrl, UrlRefused, parse_endpoint_url
from msgspec import Struct

from angarium_worker.application.destinations.destination import FailureReason

from .client_certificates import ClientCertificate
from .egress_rules import EgressRules
from .failures import SendFailed
from .limits import SenderLimits
from .origin import Origin, origin_of
from .proxy_url import Proxy, ProxyUrlRefused


class Destination(Struct, frozen=True):
    """One URL, ready: its origin and the request's head up to the Content-Length's value."""

    origin: Origin
    head_start: str


class Destinations:
    """Destinations by URL, bounded; a full cache forgets the oldest.

    `proxy` is the way for all requests that name no proxy of their own.
    """

    def __init__(
        self,
        rules: EgressRules,
        limits: SenderLimits,
        *,
        allow_http: bool,
        user_agent: str,
        proxy: Proxy | None = None,
    ) -> None:
        self._rules = rules
        self._allow_http = allow_http
        self._user_agent = user_agent
        self._proxy = proxy
        self._cached_max = limits.destinations_cached_max
        self._routed_max = limits.routed_destinations_cached_max
        self._by_url: dict[str, Destination] = {}
        self._routed: dict[tuple[str, str | None, str | None], Destination] = {}

    def find(self, url: str) -> Destination:
        """Raises SendFailed(URL_REFUSED, DESTINATION_NOT_ALLOWED) for one not to send to."""
        destination = self._by_url.get(url)
        if destination is None:
            destination = self._make(url, self._proxy, None)
            _keep(self._by_url, url, destination, self._cached_max)
        return destination

    def find_routed(self, url: str, proxy: str | None, certificate: bytes | None) -> Destination:
        """As `find`, for a request with a proxy or a client certificate of its own.

        Raises SendFailed(PROXY_FAILED) too, for a proxy that cannot be used.
        """
        own = ClientCertificate(certificate) if certificate is not None else None
        key = (url, proxy, own.digest if own is not None else None)
        destination = self._routed.get(key)
        if destination is None:
            way = self._proxy if proxy is None else _parse_proxy(proxy)
            destination = self._make(url, way, own)
            _keep(self._routed, key, destination, self._routed_max)
        return destination

    def _make(
        self, url: str, proxy: Proxy | None, certificate: ClientCertificate | None
    ) -> Destination:
        try:
            parsed = parse_endpoint_url(url, allow_http=self._allow_http)
        except UrlRefused as refused:
            raise SendFailed(FailureReason.URL_REFUSED, str(refused)) from refused
        refusal = self._rules.destination_refusal(parsed.host, parsed.port)
        if refusal is not None:
            raise SendFailed(FailureReason.DESTINATION_NOT_ALLOWED, refusal)
        origin = origin_of(parsed.scheme, parsed.host, parsed.port, proxy, certificate)
        return Destination(origin, self._head_start(parsed))

    def _head_start(self, url: EndpointUrl) -> str:
        return (
            f"POST {url.target} HTTP/1.1\r\n"
            f"Host: {url.authority}\r\n"
            f"User-Agent: {self._user_agent}\r\n"
            "Accept: */*\r\n"
            "Accept-Encoding: identity\r\n"
            "Content-Length: "
        )


def _keep[K](kept: dict[K, Destination], key: K, destination: Destination, count_max: int) -> None:
    if len(kept) >= count_max:
        del kept[next(iter(kept))]
    kept[key] = destination


def _parse_proxy(url: str) -> Proxy:
    try:
        return Proxy.parse(url)
    except ProxyUrlRefused as refused:
        raise SendFailed(FailureReason.PROXY_FAILED, str(refused)) from None
