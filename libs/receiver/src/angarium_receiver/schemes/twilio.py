"""Twilio: an HMAC over the URL and the sorted parameters of a form, or over a body's hash.

It is HMAC-SHA1 with the auth token, or what the header of the settings names, with a shared key.

https://www.twilio.com/docs/usage/security#validating-requests
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from angarium_receiver.errors import MalformedSecret, MalformedSignature, SignatureMismatch
from angarium_receiver.request import QueryParameter, WebhookRequest
from angarium_receiver.scheme import required, same

HEADER: Final = "x-twilio-signature"
SETTINGS_HEADER: Final = "x-twilio-webhooks-signature-settings"
_DIGESTS: Final = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
PARAMETERS_MAX: Final = 1000
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class TwilioScheme:
    """The scheme; secrets are auth tokens, or the secrets of shared keys."""

    def verifier(self, secrets: Sequence[str]) -> "TwilioVerifier":
        """A verifier that accepts what any of the tokens signed."""
        return TwilioVerifier(secrets)


@dataclass(frozen=True, slots=True)
class TwilioVerifier:
    """Verifies with auth tokens."""

    tokens: Sequence[str] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.tokens or not all(self.tokens):
            raise MalformedSecret("At least one auth token is needed, and none may be empty.")

    def verify(self, request: WebhookRequest, now_s: float) -> None:
        """Return if one of the tokens signed the request; Twilio signs no time."""
        try:
            given = base64.b64decode(required(HEADER, request), validate=True)
        except (ValueError, binascii.Error) as error:
            raise MalformedSignature(f"The header {HEADER} is not base64.") from error
        body_hash = QueryParameter("bodySHA256").read(request)
        if body_hash is not None and not same(
            hashlib.sha256(request.body).hexdigest().encode(), body_hash.lower().encode()
        ):
            raise SignatureMismatch(
                "The body does not have the hash in the query parameter bodySHA256.",
                "Usual cause: a proxy or middleware changed the body.",
            )
        digest = _digest(request)
        parameters = b"" if body_hash is not None else _sorted_parameters(request.body)
        for url in _urls(request.url):
            content = url.encode() + parameters
            if any(
                same(hmac.digest(each.encode(), content, digest), given) for each in self.tokens
            ):
                return
        raise SignatureMismatch(
            f"The signature in header {HEADER} was not made with a known token over this URL and"
            " these parameters.",
            f"The URL is here {request.url.partition('?')[0]}: behind a proxy, set public_url to"
            " what Twilio calls. Or the token is that of another account.",
        )


def _digest(request: WebhookRequest) -> str:
    """The hash that the settings name, such as `key=…,algorithm=HMAC_SHA256`."""
    settings = request.headers.get(SETTINGS_HEADER, "")
    pairs = [part.strip().partition("=") for part in settings.split(",")]
    name = next((value for key, _, value in pairs if key == "algorithm" and value), "HMAC_SHA1")
    digest = _DIGESTS.get(name.strip().upper())
    if digest is None:
        raise MalformedSignature(f"The header {SETTINGS_HEADER} names an unknown algorithm.")
    return digest


def _sorted_parameters(body: bytes) -> bytes:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=PARAMETERS_MAX)
    except ValueError as error:
        raise MalformedSignature("The body is not a form.") from error
    # A value that is repeated counts once: Twilio's own libraries sign a set of values.
    return "".join(name + value for name, value in sorted(set(pairs))).encode()


def _urls(url: str) -> Iterator[str]:
    """The URL with and without the default port: Twilio signs either."""
    yield url
    parts = urlsplit(url)
    port = _PORTS.get(parts.scheme)
    host = parts.hostname or ""
    if port is None:
        return
    if parts.port is None:
        yield parts._replace(netloc=f"{parts.netloc}:{port}").geturl()
    else:
        yield parts._replace(netloc=parts.netloc.removesuffix(f":{parts.port}") or host).geturl()
