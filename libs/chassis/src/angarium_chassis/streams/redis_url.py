"""The URL of Redis: what redis-py understands of it, and the certificates that it names.

redis-py passes parameters that it does not know on to the connection, which fails at first use.
"""

from difflib import get_close_matches
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from angarium_chassis.tls.certificate_files import (
    CertificateFiles,
    CertificateRefused,
    SettingNames,
    check_authorities,
    check_certificate,
)

SCHEMES = ("redis", "rediss", "unix")
TLS_PARAMETERS = (
    "ssl_ca_certs",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_password",
    "ssl_check_hostname",
    "ssl_cert_reqs",
)
SUPPORTED = (*TLS_PARAMETERS, "db", "client_name", "protocol")
_VERIFICATIONS = ("required", "optional", "none")
_NAMES = SettingNames("ssl_certfile", "ssl_keyfile", "ssl_password")


class RedisUrlRefused(ValueError):
    """The URL cannot be used. The text says what to change, and holds no part of the URL but
    names and paths."""


def check_redis_url(url: str) -> None:
    """Check scheme, parameters and the files that they name. Raises `RedisUrlRefused`."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise RedisUrlRefused("it cannot be read; expected redis://host:6379/0") from None
    if parts.scheme not in SCHEMES:
        raise RedisUrlRefused("it must begin with redis://, rediss:// (with TLS) or unix://")
    given: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in SUPPORTED:
            raise RedisUrlRefused(_unsupported(name))
        if name in given:
            raise RedisUrlRefused(f"the parameter {name} is given more than once; give it once")
        given[name] = value
    tls = [name for name in given if name in TLS_PARAMETERS]
    if tls and parts.scheme != "rediss":
        raise RedisUrlRefused(
            f"the parameter {tls[0]} needs rediss://; {parts.scheme}:// has no TLS"
        )
    if given.get("ssl_cert_reqs", "required") not in _VERIFICATIONS:
        raise RedisUrlRefused(f"ssl_cert_reqs must be one of {', '.join(_VERIFICATIONS)}")
    if "ssl_certfile" not in given and {"ssl_keyfile", "ssl_password"} & given.keys():
        raise RedisUrlRefused("ssl_keyfile and ssl_password need ssl_certfile")
    try:
        _check_files(given)
    except CertificateRefused as refusal:
        raise RedisUrlRefused(str(refusal)) from None


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
