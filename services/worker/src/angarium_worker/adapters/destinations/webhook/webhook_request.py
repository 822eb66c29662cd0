"""One POST, as a value."""

from collections.abc import Sequence

from msgspec import Struct


class WebhookRequest(Struct, frozen=True, gc=False):
    """One POST, for callers that have no endpoint prepared: diagnosis, benchmarks, tests.

    `headers` are names and values without line breaks; the sender adds Host, Content-Length,
    User-Agent, Accept and Accept-Encoding itself and refuses these and every connection header
    among them. `proxy` is the URL of an egress proxy for this request alone, `http://` or
    `socks5://` with or without user and password. `client_certificate` is PEM, the certificate
    chain and its private key, for https; `ca_certificates` is PEM too. `timeout_s` covers the whole
    attempt.
    """

    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    timeout_s: float
    proxy: str | None = None
    client_certificate: bytes | None = None
    ca_certificates: bytes | None = None

    def __repr__(self) -> str:
        """Without what may hold a secret, which is all of it."""
        return f"WebhookRequest({len(self.headers)} headers, {len(self.body)} bytes)"
