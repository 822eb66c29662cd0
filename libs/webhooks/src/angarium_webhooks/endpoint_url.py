"""Parser of endpoint URLs, with one canonical form for each. Pure: no look-up, no I/O.

The API that stores a URL and the sender that dials it share this parser. With two, a URL could have
one host when it is checked and another when it is dialled. It follows the WHATWG URL standard
(sections 3.5, 4.4 and 5.2), but refuses a doubtful URL, with a remedy, where the standard repairs
it. The sender checks the host's addresses when it dials.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, NoReturn
from urllib.parse import quote

from .domain_to_ascii import NotADomain, domain_to_ascii

URL_CHARS_MAX: Final = 4096
HOST_CHARS_MAX: Final = 253
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_PORT_MAX: Final = 65535

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL_OR_SPACE = re.compile(r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064"
                               r"\u2066-\u206f\u3000\ufeff\ufff9-\uffff]")  # fmt: skip
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_QUAD = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Before the path, however its beginning is spelled.
_CREDENTIALS = re.compile(r"(\s*[A-Za-z][A-Za-z0-9+.-]*:)?(/*)[^/?#]*@")
_PATH_SAFE: Final = "/%:@!$&'()*+,;=-._~[]|"
_QUERY_SAFE: Final = _PATH_SAFE.replace("'", "") + "?`{}^"


class UrlRefused(ValueError):
    """The URL cannot be an endpoint's. `reason` and `remedy` are sentences for its author."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} {remedy}")
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class EndpointUrl:
    """The parts of a checked URL.

    `host` is a lower-case DNS name of A-labels, a dotted quad, or an IPv6 address without
    brackets. `target` is the path and query of the request line, and never empty.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The value of the Host header: host, and port unless it is the scheme's default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def canonical(self) -> str:
        """The form to store and compare. Parsing it returns an equal object."""
        return f"{self.scheme}://{self.authority}{self.target}"


def check_endpoint_url(url: str, *, allow_http: bool) -> str:
    """Convert an endpoint's URL to its canonical form. Raises `UrlRefused`."""
    return parse_endpoint_url(url, allow_http=allow_http).canonical


def mask_credentials(url: str) -> str:
    """The URL with `user` in place of a user name and password. It is refused as before, so that
    whoever refuses it need not be sent a password."""
    match = _CREDENTIALS.match(url)
    if match is None:
        return url
    return f"{match[1] or ''}{match[2]}user@{url[match.end() :]}"


def parse_endpoint_url(url: str, *, allow_http: bool) -> EndpointUrl:
    """Parse an endpoint's URL. Raises `UrlRefused`.

    The fragment, which is never sent, and the scheme's default port are dropped, dot segments are
    resolved, and characters that a request line cannot contain are percent-encoded.
    """
    _refuse_doubtful_characters(url)
    scheme = _scheme_of(url, allow_http=allow_http)
    rest = url[len(scheme) + 1 :]
    if not rest.startswith("//"):
        _refuse("The URL has no // after its scheme.", f"Write {scheme}://host/path.")
    authority, target = _split_authority(rest[2:])
    host_text, port = _split_port(authority, scheme)
    parsed = EndpointUrl(scheme, _host_of(host_text), port, _canonical_target(target))
    if len(parsed.canonical) > URL_CHARS_MAX:
        _refuse(
            f"The URL has {len(parsed.canonical)} characters once percent-encoded.",
            f"Shorten it to at most {URL_CHARS_MAX}.",
        )
    return parsed


def _refuse(reason: str, remedy: str) -> NoReturn:
    raise UrlRefused(reason, remedy)


def _refuse_doubtful_characters(url: str) -> None:
    if not url:
        _refuse("The URL is empty.", "Give an absolute URL such as https://example.com/webhooks.")
    if len(url) > URL_CHARS_MAX:
        _refuse(f"The URL has {len(url)} characters.", f"Shorten it to at most {URL_CHARS_MAX}.")
    if "\\" in url:
        _refuse("The URL contains a backslash.", "Use / between parts, or %5C for the character.")
    if _CONTROL_OR_SPACE.search(url) is not None:
        _refuse(
            "The URL contains white space or a control or invisible character.",
            "Remove it, or percent-encode it in the path or query.",
        )
    if not url.isascii():
        try:
            url.encode("utf-8")
        except UnicodeEncodeError:
            _refuse("The URL is not valid Unicode.", "Remove the lone surrogate.")


def _scheme_of(url: str, *, allow_http: bool) -> str:
    match = _SCHEME.match(url)
    scheme = match.group(1).lower() if match is not None else ""
    if scheme == "https" or (scheme == "http" and allow_http):
        return scheme
    if scheme == "http":
        _refuse(
            "The URL's scheme is http, and this installation delivers over https only.",
            "Use https://, or ask the operator to allow http.",
        )
    allowed = "https:// or http://" if allow_http else "https://"
    if not scheme:
        _refuse("The URL has no scheme.", f"Begin it with {allowed}.")
    _refuse(f"The URL's scheme is {scheme[:32]}, not http or https.", f"Begin it with {allowed}.")


def _split_authority(rest: str) -> tuple[str, str]:
    rest = rest.partition("#")[0]
    end = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    authority, target = rest[:end], rest[end:]
    if "@" in authority:
        _refuse(
            "The URL contains a user name or password.",
            "Remove everything up to the @; send credentials in a custom header.",
        )
    if "%" in authority:
        _refuse(
            "The URL's host contains a % sign (percent-encoding or an IPv6 zone).",
            "Write the host's plain characters, without a zone.",
        )
    return authority, target


def _split_port(authority: str, scheme: str) -> tuple[str, int]:
    host, colon, port_text = authority.rpartition(":")
    if not colon or (authority.startswith("[") and "]" in port_text):
        return authority, _DEFAULT_PORTS[scheme]
    canonical = port_text.isascii() and port_text.isdigit() and len(port_text) <= len("65535")
    if not canonical or port_text[0] == "0" or int(port_text) > _PORT_MAX:
        _refuse(
            f"The URL's port is not a number from 1 to {_PORT_MAX}.",
            "Correct it, or remove it with its colon to use the scheme's own.",
        )
    return host, int(port_text)


def _host_of(text: str) -> str:
    if not text:
        _refuse("The URL has no host.", "Name one: https://example.com/webhooks.")
    if text.startswith("[") or ":" in text:
        return _ipv6_of(text)
    host = text.lower() if text.isascii() and "xn--" not in text.lower() else _a_labels(text)
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1] or (labels[-2] if len(labels) > 1 else "")) is not None:
        return _ipv4_of(host)
    if len(host) > HOST_CHARS_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        _refuse(
            "The URL's host is not a valid name.",
            f"Use letters, digits, hyphens and single dots: labels of 1 to 63 characters, "
            f"at most {HOST_CHARS_MAX} in all, no dot at the end.",
        )
    return host


def _ipv6_of(text: str) -> str:
    address: ipaddress.IPv6Address | None = None
    if text.startswith("[") and text.endswith("]"):
        try:
            address = ipaddress.IPv6Address(text[1:-1])
        except ValueError:
            address = None
    if address is None:
        _refuse(
            "The URL's host is not a valid IPv6 address.", "Write it in brackets: [2001:db8::1]."
        )
    if address.ipv4_mapped is not None:
        _refuse(
            "The URL's host is an IPv4 address written as IPv6.",
            f"Write {address.ipv4_mapped} instead.",
        )
    return address.compressed


def _ipv4_of(host: str) -> str:
    if _QUAD.fullmatch(host) is None or any(int(octet) > 255 for octet in host.split(".")):
        _refuse(
            "The URL's host is a number that is not a plain IPv4 address.",
            "Write four decimal numbers from 0 to 255 without leading zeros: 192.0.2.1.",
        )
    return host


def _a_labels(text: str) -> str:
    """Convert a host to its ASCII form as WHATWG's URL standard does (UTS 46, non-transitional)."""
    try:
        return domain_to_ascii(text)
    except NotADomain:
        _refuse(
            "The URL's host is not a valid internationalised domain name.",
            "Check its spelling; an xn-- part must be one that decodes to a valid name.",
        )


def _canonical_target(target: str) -> str:
    if _BAD_PERCENT.search(target) is not None:
        _refuse(
            "The URL contains a % sign that begins no percent-encoded byte.",
            "Write %25 for the character itself.",
        )
    path, mark, query = target.partition("?")
    encoded = quote(_without_dot_segments(path), safe=_PATH_SAFE)
    return encoded + (mark + quote(query, safe=_QUERY_SAFE) if mark else "")


def _without_dot_segments(path: str) -> str:
    """Resolve dot segments (RFC 3986, section 5.2.4), including percent-encoded dots as WHATWG
    does. The result always begins with a slash."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            del kept[-1:]
        elif plain != ".":
            kept.append(segment)
    if segments and segments[-1].lower().replace("%2e", ".") in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
