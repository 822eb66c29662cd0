"""From a URL to what the sender needs of it, once per endpoint; pure."""

from angarium_webhooks.endpoint_url import EndpointUrl, UrlRefused, parse_endpoint_url
from msgspec import Struct

from angarium_worker.adapters.destinations.dialing.failures import SendFailed
from angarium_worker.adapters.destinations.dialing.origin import Origin, Origins
from angarium_worker.domain.attempt_result import FailureReason


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
    """Makes routes."""

    def __init__(self, origins: Origins, *, allow_http: bool, user_agent: str) -> None:
        self._origins = origins
        self._allow_http = allow_http
        self._user_agent = user_agent

    def find(
        self,
        url: str,
        proxy: str | None = None,
        certificate: bytes | None = None,
        ca_certificates: bytes | None = None,
        method: str = "POST",
    ) -> Route:
        """Raises SendFailed(URL_REFUSED) for a URL not to send to, and as `Origins.find`."""
        try:
            parsed = parse_endpoint_url(url, allow_http=self._allow_http)
        except UrlRefused as refused:
            raise SendFailed(FailureReason.URL_REFUSED, str(refused)) from refused
        origin = self._origins.find(
            parsed.scheme, parsed.host, parsed.port, proxy, certificate, ca_certificates
        )
        return Route(origin, self._head_start(parsed, method))

    def _head_start(self, url: EndpointUrl, method: str) -> str:
        return (
            f"{method} {url.target} HTTP/1.1\r\n"
            f"Host: {url.authority}\r\n"
            f"User-Agent: {self._user_agent}\r\n"
            "Accept: */*\r\n"
            "Accept-Encoding: identity\r\n"
            "Content-Length: "
        )
