"""The URL of Redis: one server, a cluster or a service of Sentinel, and its certificates.

redis-py passes parameters that it does not know on to the connection, which fails at first use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from angarium_chassis.tls.certificate_files import (
    CertificateFiles,
    CertificateRefused,
    SettingNames,
    check_authorities,
    check_certificate,
)

SCHEMES: Final = ("redis", "rediss", "unix")
CLUSTER_SCHEMES: Final = ("redis+cluster", "rediss+cluster")
SENTINEL_SCHEMES: Final = ("redis+sentinel", "rediss+sentinel")
REDIS_PORT: Final = 6379
SENTINEL_PORT: Final = 26379
TLS_PARAMETERS = (
    "ssl_ca_certs",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_password",
    "ssl_check_hostname",
    "ssl_cert_reqs",
)
SUPPORTED = (*TLS_PARAMETERS, "db", "client_name", "protocol")
SENTINEL_PARAMETERS = ("sentinel_username", "sentinel_password")
_VERIFICATIONS = ("required", "optional", "none")
_NAMES = SettingNames("ssl_certfile", "ssl_keyfile", "ssl_password")


class RedisUrlRefused(ValueError):
    """The URL cannot be used. The text says what to change, and holds no part of the URL but
    names and paths."""


@dataclass(frozen=True, slots=True)
class SingleServer:
    """One Redis, at a URL that redis-py reads."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClusterNodes:
    """Some nodes of a cluster, from which the others are found.

    `url` has the credentials and parameters of all nodes, and the first one's address.
    """

    url: str = field(repr=False)
    nodes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SentinelService:
    """The service of some Sentinels, which know its primary.

    `url` has the credentials and parameters of Redis; the Sentinels have credentials of their own.
    """

    url: str = field(repr=False)
    sentinels: tuple[tuple[str, int], ...]
    service: str
    credentials: Mapping[str, str] = field(repr=False)


type RedisAddress = SingleServer | ClusterNodes | SentinelService


def read_redis_url(url: str) -> RedisAddress:
    """Check scheme, hosts, parameters and the files that they name. Raises `RedisUrlRefused`."""
    parts = urlsplit(url)
    if parts.scheme in CLUSTER_SCHEMES:
        return _cluster(parts)
    if parts.scheme in SENTINEL_SCHEMES:
        return _sentinel(parts)
    try:
        _ = parts.port
    except ValueError:
        hint = "; several hosts need redis+cluster:// or redis+sentinel://"
        raise RedisUrlRefused(
            "it cannot be read; expected redis://host:6379/0"
            + (hint if "," in parts.netloc.rpartition("@")[2] else "")
        ) from None
    if parts.scheme not in SCHEMES:
        raise RedisUrlRefused(
            "it must begin with redis://, rediss:// (with TLS) or unix://, with redis+cluster:// or"
            " rediss+cluster:// for a cluster, or with redis+sentinel:// or rediss+sentinel://"
        )
    _parameters(parts)
    return SingleServer(url)


def check_redis_url(url: str) -> None:
    """Check a URL as `read_redis_url` does."""
    read_redis_url(url)


def _cluster(parts: SplitResult) -> ClusterNodes:
    nodes = _hosts(parts, REDIS_PORT, "redis+cluster://host:6379,host:6379")
    given = _parameters(parts)
    if parts.path.strip("/") not in {"", "0"} or given.pop("db", "0") != "0":
        raise RedisUrlRefused(
            "a cluster has the database 0 only; remove the number of the database"
        )
    return ClusterNodes(_first(parts, nodes[0], given), nodes)


def _sentinel(parts: SplitResult) -> SentinelService:
    expected = "redis+sentinel://sentinel:26379,sentinel:26379/service"
    sentinels = _hosts(parts, SENTINEL_PORT, expected)
    given = _parameters(parts, SENTINEL_PARAMETERS)
    service = unquote(parts.path.strip("/"))
    if not service:
        raise RedisUrlRefused(f"it names no service of Sentinel; expected {expected}")
    credentials = {
        name.removeprefix("sentinel_"): given.pop(name)
        for name in SENTINEL_PARAMETERS
        if name in given
    }
    url = _first(parts, sentinels[0], given)
    return SentinelService(url, sentinels, service, credentials)


def _hosts(parts: SplitResult, default_port: int, expected: str) -> tuple[tuple[str, int], ...]:
    found: list[tuple[str, int]] = []
    for each in parts.netloc.rpartition("@")[2].split(","):
        one = urlsplit(f"//{each}")
        try:
            host, port = one.hostname, one.port or default_port
        except ValueError:
            host, port = None, 0
        if not host:
            raise RedisUrlRefused(f"its hosts cannot be read; expected {expected}")
        found.append((host, port))
    return tuple(found)


def _first(parts: SplitResult, node: tuple[str, int], given: Mapping[str, str]) -> str:
    """The URL of one node, as redis-py reads it."""
    login = parts.netloc.rpartition("@")[0]
    host = f"[{node[0]}]" if ":" in node[0] else node[0]
    at = f"{login}@{host}:{node[1]}" if login else f"{host}:{node[1]}"
    query = f"?{urlencode(given)}" if given else ""
    return f"{parts.scheme.partition('+')[0]}://{at}{query}"


def _parameters(parts: SplitResult, further: tuple[str, ...] = ()) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in (*SUPPORTED, *further):
            raise RedisUrlRefused(_unsupported(name))
        if name in given:
            raise RedisUrlRefused(f"the parameter {name} is given more than once; give it once")
        given[name] = value
    tls = [name for name in given if name in TLS_PARAMETERS]
    if tls and not parts.scheme.startswith("rediss"):
        secure = parts.scheme.replace("redis", "rediss") if parts.scheme != "unix" else "rediss"
        raise RedisUrlRefused(
            f"the parameter {tls[0]} needs {secure}://; {parts.scheme}:// has no TLS"
        )
    if given.get("ssl_cert_reqs", "required") not in _VERIFICATIONS:
        raise RedisUrlRefused(f"ssl_cert_reqs must be one of {', '.join(_VERIFICATIONS)}")
    if "ssl_certfile" not in given and {"ssl_keyfile", "ssl_password"} & given.keys():
        raise RedisUrlRefused("ssl_keyfile and ssl_password need ssl_certfile")
    try:
        _check_files(given)
    except CertificateRefused as refusal:
        raise RedisUrlRefused(str(refusal)) from None
    return given


def _check_files(given: dict[str, str]) -> None:
    if "ssl_ca_certs" in given:
        check_authorities(Path(given["ssl_ca_certs"]), "ssl_ca_certs")
    if "ssl_certfile" in given:
        key = Path(given["ssl_keyfile"]) if "ssl_keyfile" in given else None
        files = CertificateFiles(Path(given["ssl_certfile"]), key, given.get("ssl_password"))
        check_certificate(files, _NAMES)


def _unsupported(name: str) -> str:
    near = get_close_matches(name, SUPPORTED, n=1)
    if near:
        return f"the parameter {name} is not supported; did you mean {near[0]}?"
    return f"the parameter {name} is not supported; remove it"
