"""Signs webhooks as their senders do, by the descriptions of the senders and not by our table."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from angarium_gateway.domain.ingest.source_types import SourceType
from angarium_signing import SigningSecret, signature_headers

SECRET = "the secret of the sender"
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_S = 1_900_000_000
URL = "https://hooks.example.com/ingest/api/v1/source/src_1/in/ang_in_1"


class Signed(NamedTuple):
    """What is added to a request."""

    headers: dict[str, str]
    query: Mapping[str, str] = MappingProxyType({})


def _hex(content: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(SECRET.encode(), content, algorithm).hexdigest()


def _base64(content: bytes) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), content, hashlib.sha256).digest()).decode()


def _standard(body: bytes) -> Signed:
    secret = SigningSecret.parse(STANDARD_SECRET)
    return Signed(dict(signature_headers([secret], "msg_1", NOW_S, body)))


def _svix(body: bytes) -> Signed:
    secret = SigningSecret.parse(STANDARD_SECRET)
    return Signed(dict(signature_headers([secret], "msg_1", NOW_S, body, header_prefix="svix")))


def _hubspot(body: bytes) -> Signed:
    at = str(NOW_S * 1000)
    signed = _base64(f"POST{URL}".encode() + body + at.encode())
    return Signed({"x-hubspot-signature-v3": signed, "x-hubspot-request-timestamp": at})


def _slack(body: bytes) -> Signed:
    signed = "v0=" + _hex(f"v0:{NOW_S}:".encode() + body)
    return Signed({"x-slack-signature": signed, "x-slack-request-timestamp": str(NOW_S)})


def _zoom(body: bytes) -> Signed:
    signed = "v0=" + _hex(f"v0:{NOW_S}:".encode() + body)
    return Signed({"x-zm-signature": signed, "x-zm-request-timestamp": str(NOW_S)})


def _airwallex(body: bytes) -> Signed:
    at = str(NOW_S * 1000)
    return Signed({"x-signature": _hex(at.encode() + body), "x-timestamp": at})


def _port(body: bytes) -> Signed:
    signed = "v1," + _base64(f"{NOW_S}.".encode() + body)
    return Signed({"x-port-signature": signed, "x-port-timestamp": str(NOW_S)})


def _stripe(body: bytes) -> Signed:
    other = "v1=" + "0" * 64
    signed = _hex(f"{NOW_S}.".encode() + body)
    return Signed({"stripe-signature": f"t={NOW_S},{other},v1={signed},v0=x"})


def _tailscale(body: bytes) -> Signed:
    signed = _hex(f"{NOW_S}.".encode() + body)
    return Signed({"tailscale-webhook-signature": f"t={NOW_S},v1={signed}"})


def _merge(body: bytes) -> Signed:
    signed = _base64(body).replace("+", "-").replace("/", "_")
    return Signed({"x-merge-webhook-signature": signed})


SIGNED: dict[SourceType, Callable[[bytes], Signed]] = {
    SourceType.AIRWALLEX: _airwallex,
    SourceType.DOCUSIGN: lambda body: Signed({"x-docusign-signature-1": _base64(body)}),
    SourceType.EASYPOST: lambda body: Signed({"x-hmac-signature": f"hmac-sha256-hex={_hex(body)}"}),
    SourceType.GITHUB: lambda body: Signed({"x-hub-signature-256": f"sha256={_hex(body)}"}),
    SourceType.HUBSPOT: _hubspot,
    SourceType.MERGE: _merge,
    SourceType.META: lambda body: Signed({"x-hub-signature-256": f"sha256={_hex(body)}"}),
    SourceType.NANGO: lambda body: Signed({"x-nango-hmac-sha256": _hex(body)}),
    SourceType.PANDA_DOC: lambda body: Signed({}, {"signature": _hex(body)}),
    SourceType.PORT_IO: _port,
    SourceType.RUTTER: lambda body: Signed({"x-rutter-signature": f"sha256={_base64(body)}"}),
    SourceType.SEGMENT: lambda body: Signed({"x-signature": _hex(body, "sha1")}),
    SourceType.SHOPIFY: lambda body: Signed({"x-shopify-hmac-sha256": _base64(body)}),
    SourceType.SLACK: _slack,
    SourceType.STRIPE: _stripe,
    SourceType.TAILSCALE: _tailscale,
    SourceType.VAPI: lambda body: Signed({"x-vapi-secret": SECRET}),
    SourceType.VERIFF: lambda body: Signed({"x-hmac-signature": _hex(body)}),
    SourceType.ZOOM: _zoom,
    SourceType.SVIX: _svix,
}
STANDARD: Callable[[bytes], Signed] = _standard
"""How all the others but `generic-webhook` sign."""


def signed_by(kind: SourceType, body: bytes) -> Signed:
    """The headers and query of a webhook of this sender."""
    return SIGNED.get(kind, STANDARD)(body)


def secret_of(kind: SourceType) -> str:
    """The secret by which `signed_by` signs."""
    return SECRET if kind in SIGNED and kind is not SourceType.SVIX else STANDARD_SECRET
