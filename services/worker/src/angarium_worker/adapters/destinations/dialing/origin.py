"""Whom a connection talks to, and by which way."""

from typing import Final

from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.egress.proxy_url import Proxy, ProxyUrlRefused
from msgspec import Struct

from angarium_worker.domain.attempt_result import FailureReason

from .client_certificates import CaCertificates, ClientCertificate
from .failures import SendFailed

# What an idle connection takes of this process's memory, measured, rounded up: the objects and
# the parser; OpenSSL's state with the peer's certificates; with a client certificate a context
# of its own, with all the certificates of the system's trust.
KEPT_BYTES_PLAIN: Final = 6 * 1024
KEPT_BYTES_TLS: Final = 40 * 1024
KEPT_BYTES_CERTIFICATE: Final = 900 * 1024


class Origin(Struct, frozen=True):
    """Whom a connection talks to. Connections are kept and counted by `key`.

    Whatever must keep connections apart is in the key: scheme, host, port, the proxy with its
    user, the client certificate and the CA certificates; secrets only as digests. `kept_bytes` is
    what an idle connection costs.
    """

    key: str
    scheme: str
    host: str
    port: int
    proxy: Proxy | None = None
    certificate: ClientCertificate | None = None
    kept_bytes: int = KEPT_BYTES_PLAIN
    ca: CaCertificates | None = None

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"


class Origins:
    """Origins under the operator's rules. `proxy` is the operator's, for all endpoints without
    one of their own."""

    def __init__(self, rules: EgressRules, proxy: Proxy | None = None) -> None:
        self._rules = rules
        self._proxy = proxy

    def find(
        self,
        scheme: str,
        host: str,
        port: int,
        proxy: str | None,
        certificate: bytes | None,
        ca_certificates: bytes | None = None,
    ) -> Origin:
        """`proxy` (a URL), `certificate` and `ca_certificates` (PEM) are the endpoint's own.

        Raises SendFailed(DESTINATION_NOT_ALLOWED), and SendFailed(PROXY_FAILED) for a proxy that
        cannot be used.
        """
        refusal = self._rules.destination_refusal(host, port)
        if refusal is not None:
            raise SendFailed(FailureReason.DESTINATION_NOT_ALLOWED, refusal.words)
        try:
            way = self._proxy if proxy is None else Proxy.parse(proxy)
        except ProxyUrlRefused as refused:
            raise SendFailed(FailureReason.PROXY_FAILED, str(refused)) from None
        own = None if certificate is None else ClientCertificate(certificate)
        ca = None if ca_certificates is None else CaCertificates(ca_certificates)
        return origin_of(scheme, host, port, way, own, ca)


def origin_of(
    scheme: str,
    host: str,
    port: int,
    proxy: Proxy | None = None,
    certificate: ClientCertificate | None = None,
    ca: CaCertificates | None = None,
) -> Origin:
    """An origin and its key; certificates count for https only."""
    if scheme != "https":
        certificate = ca = None
    kept_bytes = KEPT_BYTES_TLS if scheme == "https" else KEPT_BYTES_PLAIN
    key = f"{scheme}://{host} {port}"
    if proxy is not None:
        key += f" via {proxy.key}"
    if certificate is not None:
        key += f" as {certificate.digest}"
        kept_bytes += KEPT_BYTES_CERTIFICATE
    if ca is not None:
        key += f" trusting {ca.digest}"
        kept_bytes += KEPT_BYTES_CERTIFICATE
    return Origin(key, scheme, host, port, proxy, certificate, kept_bytes, ca)
