"""The table of all codes. Each has a page in docs/reference/failures/."""

from collections.abc import Mapping
from typing import Final

from . import (
    addresses,
    authentication,
    bot_protection,
    certificates,
    cloudflare,
    connections,
    gateways,
    malformed_http,
    name_resolution,
    platform,
    redirects,
    signatures,
    statuses,
    streams,
    time_outs,
    tls,
)
from .records import Failure

FAMILIES: Final[Mapping[str, tuple[Failure, ...]]] = {
    "Name resolution": name_resolution.FAILURES,
    "URLs and addresses": addresses.FAILURES,
    "Connections": connections.FAILURES,
    "TLS": tls.FAILURES,
    "Certificates": certificates.FAILURES,
    "Time-outs": time_outs.FAILURES,
    "Redirects": redirects.FAILURES,
    "Signatures": signatures.FAILURES,
    "Bot protection and firewalls": bot_protection.FAILURES,
    "Statuses": statuses.FAILURES,
    "Gateways": gateways.FAILURES,
    "Cloudflare": cloudflare.FAILURES,
    "Malformed HTTP": malformed_http.FAILURES,
    "Authentication by Angarium": authentication.FAILURES,
    "Streams": streams.FAILURES,
    "Angarium and receivers' requests": platform.FAILURES,
}
FAILURES: Final[Mapping[str, Failure]] = {
    each.code: each for family in FAMILIES.values() for each in family
}
"""Every failure by its code."""


def documentation_of(code: str) -> str:
    """The page of a code, as a path of the documentation."""
    return f"reference/failures/{code}"
