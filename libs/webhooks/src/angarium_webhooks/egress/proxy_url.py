"""The URL of an egress proxy, an operator's or an endpoint's own. Pure."""

import hashlib
import re
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from angarium_webhooks.endpoint_url import EndpointUrl, UrlRefused, parse_endpoint_url

URL_CHARS_MAX: Final = 2_048
CREDENTIAL_BYTES_MAX: Final = 255
"""Longest user name, and longest password, that SOCKS5 can carry (RFC 1929, section 2)."""
_DEFAULT_PORTS: Final = {"http": 80, "socks5": 1080}
_PRINTABLE = re.compile(r"[\x21-\x5b\x5d-\x7e]+")


class ProxyUrlRefused(ValueError):
    """The text is no proxy that can be used. The message is a sentence with a remedy, and does
    not repeat the text, which may hold a password."""


class Proxy:
    """`http://` (CONNECT) or `socks5://`, with or without user and password.

    `host` and `port` are as `EndpointUrl` has them, for the rules of an endpoint's host are those
    of a proxy's. `url` is the canonical form, `shown` the same without user and password; `repr`
    shows neither. `key` tells proxies and their users apart without showing them.
    `is_operators`: named by the operator, who may put it where webhooks may not go.
    """

    __slots__ = (
        "host", "is_operators", "key", "password", "port", "scheme", "shown", "url", "user",
    )  # fmt: skip

    def __init__(self, scheme: str, userinfo: str, place: EndpointUrl, *, is_operators: bool):
        """`userinfo` is as in a URL, without the @; `place` has the host and port."""
        user, _, password = userinfo.partition(":")
        host = f"[{place.host}]" if ":" in place.host else place.host
        self.scheme = scheme
        self.host = place.host
        self.port = place.port
        self.user = _credential(user)
        self.password = _credential(password)
        self.is_operators = is_operators
        self.shown = f"{scheme}://{host}:{place.port}"
        self.url = f"{scheme}://{userinfo}@{host}:{place.port}" if userinfo else self.shown
        identity = (scheme, place.host, place.port, self.user, self.password, is_operators)
        self.key = hashlib.sha256(repr(identity).encode()).hexdigest()

    @classmethod
    def parse(cls, url: str, *, is_operators: bool = False) -> "Proxy":
        """From `scheme://[user[:password]@]host[:port]`; percent-encoding in user and password.

        Ports are 80 and 1080 by default. Raises ProxyUrlRefused.
        """
        if len(url) > URL_CHARS_MAX or _PRINTABLE.fullmatch(url) is None:
            raise ProxyUrlRefused(
                f"A proxy's URL must have at most {URL_CHARS_MAX} printable ASCII characters,"
                " without spaces and backslashes."
            )
        try:
            parts = urlsplit(url)
        except ValueError:
            raise ProxyUrlRefused(
                "This is not a proxy's URL. Use the form socks5://user:password@host:port."
            ) from None
        if parts.scheme not in _DEFAULT_PORTS:
            raise ProxyUrlRefused(
                "A proxy's URL must begin with http:// (HTTP CONNECT) or socks5://."
            )
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ProxyUrlRefused(
                "A proxy's URL must have only a host and a port after the scheme; it has no path."
            )
        userinfo, at, authority = parts.netloc.rpartition("@")
        if at and not userinfo.partition(":")[0]:
            raise ProxyUrlRefused(
                "A proxy's URL needs a user name before the @. Add one, or remove the @."
            )
        place = _place_of(authority, _DEFAULT_PORTS[parts.scheme])
        return cls(parts.scheme, userinfo, place, is_operators=is_operators)

    def __repr__(self) -> str:
        return f"Proxy({self.scheme}://{'***@' if self.user else ''}{self.host}:{self.port})"


def _place_of(authority: str, default_port: int) -> EndpointUrl:
    has_port = ":" in authority.rpartition("]")[2]
    try:
        # With http as the scheme, a port 80 that was written out is no other port.
        return parse_endpoint_url(
            f"http://{authority if has_port else f'{authority}:{default_port}'}/", allow_http=True
        )
    except UrlRefused as refused:
        raise ProxyUrlRefused(f"The proxy's host cannot be used. {refused.remedy}") from None


def _credential(text: str) -> bytes:
    value = unquote_to_bytes(text)
    if len(value) > CREDENTIAL_BYTES_MAX or any(octet < 0x20 for octet in value):
        raise ProxyUrlRefused(
            f"A proxy's user name and password must have at most {CREDENTIAL_BYTES_MAX} bytes each,"
            " and no control characters."
        )
    return value
