"""Parsing the URL of the proxy through which an endpoint's webhooks are sent. Pure."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from angarium_webhooks.egress.destination_url import refused_host
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.endpoint_url import EndpointUrl, UrlRefused, parse_endpoint_url

from angarium_dispatcher.domain.refusals import InvalidField

FIELD: Final = "proxy_url"
URL_CHARS_MAX: Final = 2_048
CREDENTIAL_CHARS_MAX: Final = 255
"""Longest user name, and longest password, that SOCKS5 can carry (RFC 1929, section 2)."""
DEFAULT_PORTS: Final = {"http": 80, "socks5": 1080}

_PRINTABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class ProxyUrl:
    """A valid proxy. `shown` is the URL without user name and password."""

    url: str
    shown: str


def parse_proxy_url(text: str, rules: EgressRules) -> ProxyUrl:
    """Parse `http://…` (HTTP CONNECT) or `socks5://…`; an endpoint's own proxy must be allowed
    as its host must.

    Raises `InvalidField`, whose message never contains `text`, which may hold a password.
    """
    if len(text) > URL_CHARS_MAX or _PRINTABLE.fullmatch(text) is None or "\\" in text:
        raise _refused(
            f"It must have at most {URL_CHARS_MAX} printable ASCII characters, without spaces."
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _refused("It is not a URL. Use the form socks5://user:password@host:port.") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise _refused("It must begin with http:// (HTTP CONNECT) or socks5://.")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise _refused("It must have only a host and a port after the scheme; a proxy has no path.")
    if port == 0:
        raise _refused("Its port must be from 1 to 65535.")
    port = port or DEFAULT_PORTS[parts.scheme]
    host = _host_of(parts)
    refused = refused_host(host.host, port, rules)
    if refused is not None:
        raise _refused(str(refused))
    _check_credentials(parts)
    place = f"{host.authority}:{port}"
    userinfo, at, _ = parts.netloc.rpartition("@")
    return ProxyUrl(f"{parts.scheme}://{userinfo}{at}{place}", f"{parts.scheme}://{place}")


def _host_of(parts: SplitResult) -> EndpointUrl:
    """The host, parsed as the sender parses it, so that the checked host is the dialled one."""
    authority = parts.netloc.rpartition("@")[2]
    host = authority if parts.port is None else authority.rpartition(":")[0]
    try:
        return parse_endpoint_url(f"http://{host}", allow_http=True)
    except UrlRefused as refusal:
        raise _refused(f"Its host cannot be used. {refusal.remedy}") from None


def _check_credentials(parts: SplitResult) -> None:
    for text in (parts.username, parts.password):
        if text is not None and len(unquote(text).encode()) > CREDENTIAL_CHARS_MAX:
            raise _refused(
                f"Its user name and password must have at most {CREDENTIAL_CHARS_MAX} bytes each."
            )
    if "@" in parts.netloc and not parts.username:
        raise _refused("It needs a user name before the @. Add one, or remove the @.")


def _refused(remedy: str) -> InvalidField:
    return InvalidField(FIELD, remedy)
