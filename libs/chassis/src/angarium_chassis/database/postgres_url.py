"""The query parameters of a postgresql URL, as libpq's clients write them.

Providers hand out URLs with `?sslmode=require`. asyncpg understands libpq's parameters only in a
connection string of its own; as arguments, which SQLAlchemy passes on, they fail.
"""

import ssl
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import URL

from angarium_chassis.tls.certificate_files import (
    CertificateFiles,
    CertificateRefused,
    SettingNames,
    check_authorities,
    check_certificate,
)

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_TLS = (
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcrl",
    "sslnegotiation",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
)
_FURTHER = ("application_name", "connect_timeout", "target_session_attrs")
_OF_POOLERS = ("pooler", "prepared_statements")
_OF_SQLALCHEMY = ("host", "port", "prepared_statement_cache_size")
SUPPORTED = (*_TLS, *_FURTHER, *_OF_POOLERS, *_OF_SQLALCHEMY)


@dataclass(frozen=True, slots=True)
class PoolerOptions:
    """The abilities of a connection pooler between the services and Postgres.

    With `is_used`, a server connection is ours for one transaction only: it takes no parameters at
    its start and keeps nothing of a session. Without `keeps_prepared`, that is true of prepared
    statements too.
    """

    is_used: bool = False
    keeps_prepared: bool = True


DIRECT: Final = PoolerOptions()
"""Without a pooler."""


class UnusableParameter(ValueError):
    """A query parameter cannot be used. The text names it, says what is possible, and holds no
    value."""


def connect_arguments(url: URL) -> tuple[URL, dict[str, Any]]:
    """The URL without libpq's parameters, and the arguments of `asyncpg.connect` for them.

    `application_name` is among `server_settings`. Raises `UnusableParameter`.
    """
    given = _given(url)
    arguments: dict[str, Any] = {}
    if "connect_timeout" in given:
        arguments["timeout"] = _timeout_s(given["connect_timeout"])
    if "target_session_attrs" in given:
        arguments["target_session_attrs"] = given["target_session_attrs"]
    if "application_name" in given:
        arguments["server_settings"] = {"application_name": given["application_name"]}
    tls = {name: given[name] for name in _TLS if name in given}
    if tls.get("sslrootcert") == "system":
        arguments |= _system_authorities(tls)
    elif tls:
        arguments["dsn"] = f"postgresql://?{urlencode(tls)}"
    # SQLAlchemy's own remain as they are: one `host` for each of several servers.
    kept = {name: url.query[name] for name in _OF_SQLALCHEMY if name in url.query}
    return url.set(query=kept), arguments


def pooler_options(url: URL) -> PoolerOptions:
    """The options that `pooler` and `prepared_statements` give. Raises `UnusableParameter`."""
    given = _given(url)
    pooler = given.get("pooler")
    if pooler not in (None, "transaction"):
        raise UnusableParameter("pooler must be transaction, or not be given")
    prepared = given.get("prepared_statements", "yes")
    if prepared not in ("yes", "no"):
        raise UnusableParameter("prepared_statements must be yes or no")
    if prepared == "no" and pooler is None:
        raise UnusableParameter("prepared_statements=no needs pooler=transaction")
    return PoolerOptions(pooler is not None, prepared == "yes")


def check_certificates(url: URL) -> None:
    """Check the files of certificates that the URL names. Raises `UnusableParameter`.

    Where it names none, asyncpg looks into ~/.postgresql, as libpq does.
    """
    given = _given(url)
    try:
        if given.get("sslrootcert", "system") != "system":
            check_authorities(Path(given["sslrootcert"]), "sslrootcert")
        if "sslcert" in given:
            key = Path(given["sslkey"]) if "sslkey" in given else None
            files = CertificateFiles(Path(given["sslcert"]), key, given.get("sslpassword"))
            check_certificate(files, SettingNames("sslcert", "sslkey", "sslpassword"))
        elif given.keys() & {"sslkey", "sslpassword"}:
            raise UnusableParameter("sslkey and sslpassword need sslcert")
    except CertificateRefused as refusal:
        raise UnusableParameter(str(refusal)) from None


def _given(url: URL) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in url.query.items():
        # asyncpg's own name, which earlier versions took.
        known = "sslmode" if name == "ssl" else name
        if known not in SUPPORTED:
            raise UnusableParameter(_unsupported(name))
        if known in _OF_SQLALCHEMY:
            continue
        if not isinstance(value, str) or known in given:
            raise UnusableParameter(f"the parameter {known} is given more than once; give it once")
        given[known] = value
    mode = given.get("sslmode")
    if mode is not None and mode not in SSL_MODES:
        raise UnusableParameter(f"sslmode must be one of {', '.join(SSL_MODES)}")
    return given


def _unsupported(name: str) -> str:
    near = get_close_matches(name, SUPPORTED, n=1)
    if near:
        return f"the parameter {name} is not supported; did you mean {near[0]}?"
    return f"the parameter {name} is not supported; remove it"


def _timeout_s(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 600:
        raise UnusableParameter("connect_timeout must be a number of seconds from 1 to 600")
    return int(text)


def _system_authorities(tls: dict[str, str]) -> dict[str, Any]:
    """As libpq: the system's authorities vouch for any name, so that the name must be checked."""
    if tls.get("sslmode", "verify-full") != "verify-full" or len(tls.keys() - {"sslmode"}) > 1:
        raise UnusableParameter(
            "sslrootcert=system goes with sslmode=verify-full and no other ssl parameter"
        )
    return {"ssl": ssl.create_default_context()}
