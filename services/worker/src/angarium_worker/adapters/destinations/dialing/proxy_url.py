"""An egress proxy as an operator or an endpoint names it; pure."""

import hashlib
from urllib.parse import unquote_to_bytes, urlsplit

from angarium_webhooks.endpoint_url import UrlRefused, parse_endpoint_url

_DEFAULT_PORTS = {"http": 80, "socks5": 1080}
_CREDENTIAL_BYTES_MAX = 255  # RFC 1929, section 2
_URL_CHARS_MAX = 2_048


class ProxyUrlRefused(ValueError):
    """The text is no proxy that can be used; says why without repeating it."""


class Proxy:
    """`http://` (CONNECT) or `socks5://`, with or without user and password. `repr` shows
    neither. `key` tells proxies and their users apart without showing them.

    `is_operators`: named by the operator, who may put it where webhooks may not go.
    """

    __slots__ = ("host", "is_operators", "key", "password", "port", "scheme", "user")

    def __init__(
        self,
        scheme: str,
        host: str,
        port: int,
        user: bytes = b"",
        password: bytes = b"",
        *,
        is_operators: bool = False,
    ) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.is_operators = is_operators
        identity = (scheme, host, port, user, password, is_operators)
        self.key = hashlib.sha256(repr(identity).encode()).hexdigest()

    @classmethod
    def parse(cls, url: str, *, is_operators: bool = False) -> "Proxy":
        """From `scheme://[user[:password]@]host[:port]`; percent-encoding in user and password.

        Ports are 80 and 1080 by default. Raises ProxyUrlRefused.
        """
        if len(url) > _URL_CHARS_MAX or not (url.isascii() and url.isprintable()):
            raise ProxyUrlRefused("a proxy's URL is at most 2048 printable ASCII characters")
        try:
            parts = urlsplit(url)
            default_port = _DEFAULT_PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise ProxyUrlRefused(
                "a proxy's URL begins with http:// (it is asked to CONNECT) or socks5://;"
                " names are never resolved by the proxy"
            ) from None
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ProxyUrlRefused("a proxy's URL ends with its host or port")
        userinfo, at, authority = parts.netloc.rpartition("@")
        host, port = _host_and_port(authority, default_port)
        user, _, password = userinfo.partition(":")
        credentials = _credential(user), _credential(password)
        if at and not credentials[0]:
            raise ProxyUrlRefused("the proxy's URL has an @ without a user before it")
        return cls(parts.scheme, host, port, *credentials, is_operators=is_operators)

    def __repr__(self) -> str:
        return f"Proxy({self.scheme}://{'***@' if self.user else ''}{self.host}:{self.port})"


def _host_and_port(authority: str, default_port: int) -> tuple[str, int]:
    """The rules of endpoints' hosts are those of proxies' hosts."""
    has_port = authority.rpartition(":")[2].isdigit() and not authority.endswith("]")
    text = authority if has_port else f"{authority}:{default_port}"
    try:
        # With http as the scheme, a port 80 that was written out is no other port.
        parsed = parse_endpoint_url(f"http://{text}/", allow_http=True)
    except UrlRefused as refused:
        raise ProxyUrlRefused(f"the proxy's URL: {refused.reason}") from None
    return parsed.host, parsed.port


def _credential(text: str) -> bytes:
    value = unquote_to_bytes(text)
    if len(value) > _CREDENTIAL_BYTES_MAX or any(octet < 0x20 for octet in value):
        raise ProxyUrlRefused("the proxy's user or password is too long or not printable")
    return value
