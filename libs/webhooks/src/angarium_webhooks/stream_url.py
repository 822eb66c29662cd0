"""The URL of an endpoint that is a Redis or Valkey stream, and its one canonical form. Pure.

    redis+stream://host:6379/0/orders?maxlen=10000
    rediss+stream://host/0/orders

Database and stream name are the path; `maxlen` is the approximate length to which the server
trims the stream. User and password do not belong into it: URLs are stored and shown. They are
given as the custom header `authorization`, which is encrypted and shown to nobody.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from .endpoint_url import UrlRefused, parse_endpoint_url

STREAM_SCHEMES: Final = frozenset({"redis+stream", "rediss+stream"})
PORT: Final = 6379
DATABASE_MAX: Final = 999
STREAM_CHARS_MAX: Final = 256
MAXLEN_MAX: Final = 1_000_000_000
_PATH = re.compile(r"/([0-9]{1,3})/([^/]+)")
_NAME = re.compile(r"[\x21-\x7e]+")
_NAME_SAFE: Final = ":@!$&'()*+,;=-._~{}"


@dataclass(frozen=True, slots=True)
class StreamUrl:
    """A checked URL in its parts. `host` is as `EndpointUrl` has it. `maxlen` None: the stream is
    not trimmed."""

    scheme: str
    host: str
    port: int
    database: int
    stream: str
    maxlen: int | None = None

    @property
    def is_tls(self) -> bool:
        """True if the connection is encrypted."""
        return self.scheme == "rediss+stream"

    @property
    def canonical(self) -> str:
        """The form to store and compare. Parsing it gives this object again."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORT else f":{self.port}"
        maxlen = "" if self.maxlen is None else f"?maxlen={self.maxlen}"
        name = quote(self.stream, safe=_NAME_SAFE)
        return f"{self.scheme}://{host}{port}/{self.database}/{name}{maxlen}"


def is_stream_url(url: str) -> bool:
    """Return True if the scheme of the URL is that of a stream."""
    return url.partition("://")[0].lower() in STREAM_SCHEMES


def parse_stream_url(url: str) -> StreamUrl:
    """The parts of a stream's URL; raises UrlRefused with reason and remedy, and without what
    may be a password."""
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise UrlRefused(
            "The URL contains a user name or password, and URLs are stored and shown in clear.",
            "Remove everything up to the @; give `user:password` in base64 as the endpoint's"
            " header `authorization: Basic …`, which is encrypted.",
        )
    # Host, port and doubtful characters are read as those of every endpoint.
    parsed = parse_endpoint_url(f"http://{rest}", allow_http=True)
    has_port = authority.rpartition(":")[2].isdigit() and not authority.endswith("]")
    path, _, query = parsed.target.partition("?")
    database, stream = _database_and_stream(path, scheme)
    return StreamUrl(
        scheme, parsed.host, parsed.port if has_port else PORT, database, stream, _maxlen(query)
    )


def _database_and_stream(path: str, scheme: str) -> tuple[int, str]:
    match = _PATH.fullmatch(path)
    if match is None:
        raise UrlRefused(
            "The URL's path is not a database number and the name of a stream.",
            f"Write {scheme}://host:6379/0/orders.",
        )
    name = unquote(match[2])
    if _NAME.fullmatch(name) is None or len(name) > STREAM_CHARS_MAX:
        raise UrlRefused(
            "The URL's stream name has a character that is not printable ASCII, or is too long.",
            f"Use letters, digits, hyphens and colons, at most {STREAM_CHARS_MAX}.",
        )
    return int(match[1]), name


def _maxlen(query: str) -> int | None:
    if not query:
        return None
    options = parse_qsl(query, keep_blank_values=True)
    name, text = options[0] if len(options) == 1 else ("", "")
    if name != "maxlen" or not re.fullmatch(r"[1-9][0-9]{0,9}", text) or int(text) > MAXLEN_MAX:
        raise UrlRefused(
            "The URL's query is not the one option that a stream has.",
            f"Write ?maxlen= and a number from 1 to {MAXLEN_MAX}, or nothing.",
        )
    return int(text)
