"""From a URL to what the sender needs of it, once per URL; pure."""

from angarium_chassis.endpoint_url import EndpointUrl, UrlRefused, parse_endpoint_url
from msgspec import Struct

from angarium_worker.adapters.sender.failures import SendFailed
from angarium_worker.application.sending import FailureReason


class Origin(Struct, frozen=True):
    """Whom a connection talks to. Connections are kept and counted by `key`.

    Whatever else must keep connections apart (a client certificate, a proxy) belongs here and
    into the key.
    """

    key: str
    scheme: str
    host: str
    port: int

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"


class Destination(Struct, frozen=True):
    """One URL, ready: its origin and the request's head up to the Content-Length's value."""

    origin: Origin
    head_start: str


class Destinations:
    """Destinations by URL, bounded; a full cache forgets the oldest."""

    def __init__(self, *, allow_http: bool, user_agent: str, cached_max: int) -> None:
        self._allow_http = allow_http
        self._user_agent = user_agent
        self._cached_max = cached_max
        self._by_url: dict[str, Destination] = {}

    def find(self, url: str) -> Destination:
        """Raises SendFailed(URL_REFUSED) for a URL that is not one to send to."""
        destination = self._by_url.get(url)
        if destination is None:
            destination = self._parse(url)
            if len(self._by_url) >= self._cached_max:
                del self._by_url[next(iter(self._by_url))]
            self._by_url[url] = destination
        return destination

    def _parse(self, url: str) -> Destination:
        try:
            parsed = parse_endpoint_url(url, allow_http=self._allow_http)
        except UrlRefused as refused:
            raise SendFailed(FailureReason.URL_REFUSED, str(refused)) from refused
        return Destination(_origin_of(parsed), self._head_start(parsed))

    def _head_start(self, url: EndpointUrl) -> str:
        return (
            f"POST {url.target} HTTP/1.1\r\n"
            f"Host: {url.authority}\r\n"
            f"User-Agent: {self._user_agent}\r\n"
            "Accept: */*\r\n"
            "Accept-Encoding: identity\r\n"
            "Content-Length: "
        )


def _origin_of(url: EndpointUrl) -> Origin:
    return Origin(f"{url.scheme}://{url.host} {url.port}", url.scheme, url.host, url.port)
