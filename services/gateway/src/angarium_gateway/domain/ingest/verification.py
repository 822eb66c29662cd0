"""Verify that a webhook was sent by whoever has the source's secret. Pure functions."""

import base64
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from angarium_signing import (
    BOTH_PREFIXES,
    PUBLIC_KEY_PREFIX,
    SECRET_PREFIX,
    MalformedSecret,
    MissingHeader,
    PublicKey,
    SigningSecret,
    VerificationError,
    verify,
)

from .source_types import Encoding, HmacScheme, Part, Scheme, SharedSecret, StandardWebhooks

SIGNATURES_MAX = 16
"""Signatures that one header may have."""
_DIGITS_MAX = 15


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """The configuration of a source; None: not given."""

    secret: str | None = field(default=None, repr=False)
    verify_token: str | None = field(default=None, repr=False)
    timestamp_grace_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ReceivedWebhook:
    """A request. Names of headers are in lower case; `url` is the one that was given to the
    sender."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


class NotVerified(Exception):
    """The webhook is not what the sender signed, or not for this source. The text says why, and
    nothing of the secret."""


def check_secret(scheme: Scheme | None, secret: str) -> str | None:
    """Why the text cannot be the secret of a scheme; None if it can."""
    if not isinstance(scheme, StandardWebhooks):
        return None
    try:
        _standard_verifier(secret)
    except MalformedSecret as error:
        return str(error)
    return None


def verify_webhook(
    scheme: Scheme | None, config: SourceConfig, webhook: ReceivedWebhook, now_s: float
) -> None:
    """Return if the webhook is verified, or nothing is to be. Raises `NotVerified`."""
    if scheme is None or config.secret is None:
        return
    match scheme:
        case StandardWebhooks():
            _verify_standard(config.secret, webhook, now_s)
        case SharedSecret(header):
            if not _same(webhook.headers.get(header, "").encode(), config.secret.encode()):
                raise NotVerified(f"the header {header} does not have the secret")
        case HmacScheme():
            _verify_hmac(scheme, config, webhook, now_s)
        case _:
            assert_never(scheme)


def mac(scheme: HmacScheme, secret: str, content: bytes) -> bytes:
    """The HMAC of a scheme."""
    return hmac.digest(secret.encode(), content, scheme.digest)


def signed_content(scheme: HmacScheme, webhook: ReceivedWebhook, timestamp: str) -> bytes:
    """The bytes that the scheme signs."""
    parts = {
        Part.BODY: webhook.body,
        Part.TIMESTAMP: timestamp.encode("latin-1"),
        Part.METHOD_AND_URL: f"{webhook.method}{webhook.url}".encode(),
    }
    return b"".join(
        part.encode() if isinstance(part, str) else parts[part] for part in scheme.content
    )


def _standard_verifier(secret: str) -> SigningSecret | PublicKey:
    if secret.startswith(PUBLIC_KEY_PREFIX):
        return PublicKey.parse(secret)
    return SigningSecret.parse(SECRET_PREFIX + secret.removeprefix(SECRET_PREFIX))


def _verify_standard(secret: str, webhook: ReceivedWebhook, now_s: float) -> None:
    ids = {webhook.headers.get(f"{prefix}-id") for prefix in BOTH_PREFIXES} - {None}
    if len(ids) > 1:
        # Only one of them is signed: the other would make a recorded webhook a new event.
        raise NotVerified("the headers webhook-id and svix-id differ")
    verifier = _standard_verifier(secret)
    why: VerificationError = MissingHeader("webhook-id")
    for prefix in BOTH_PREFIXES:
        if f"{prefix}-signature" not in webhook.headers:
            continue
        try:
            verify(webhook.headers, webhook.body, (verifier,), int(now_s), header_prefix=prefix)
        except VerificationError as error:
            why = error
        else:
            return
    raise NotVerified(str(why))


def _verify_hmac(
    scheme: HmacScheme, config: SourceConfig, webhook: ReceivedWebhook, now_s: float
) -> None:
    place = webhook.query if scheme.in_query else webhook.headers
    names = (scheme.header, *scheme.further_headers)
    given = [value for name in names if (value := place.get(name))]
    if not given:
        raise NotVerified(f"there is no {scheme.header}")
    timestamp, signatures = _read(scheme, webhook, given[0])
    for further in given[1:]:
        signatures += _read(scheme, webhook, further)[1]
    _check_time(scheme, config, timestamp, now_s)
    expected = mac(scheme, config.secret or "", signed_content(scheme, webhook, timestamp))
    if not any(_same(each, expected) for each in signatures):
        raise NotVerified(f"the signature in {scheme.header} is not that of the secret")


def _read(scheme: HmacScheme, webhook: ReceivedWebhook, given: str) -> tuple[str, list[bytes]]:
    """The signed time as it was sent, and the signatures."""
    if scheme.in_pairs:
        pairs = [part.strip().partition("=") for part in given.split(",")[: SIGNATURES_MAX + 1]]
        timestamp = next((value for name, _, value in pairs if name == "t"), "")
        texts = [value for name, _, value in pairs if name == "v1"]
    else:
        name = scheme.timestamp_header
        timestamp = "" if name is None else webhook.headers.get(name, "")
        texts = [given.removeprefix(scheme.prefix)] if given.startswith(scheme.prefix) else []
    return timestamp, list(_decoded(texts, scheme.encoding))


def _decoded(texts: list[str], encoding: Encoding) -> Iterator[bytes]:
    for text in texts:
        try:
            match encoding:
                case Encoding.HEX:
                    yield bytes.fromhex(text)
                case Encoding.BASE64:
                    yield base64.b64decode(text, validate=True)
                case Encoding.BASE64_URL:
                    yield base64.b64decode(text, altchars=b"-_", validate=True)
                case _:
                    assert_never(encoding)
        except ValueError:
            continue  # One unreadable signature says nothing about its neighbours.


def _check_time(scheme: HmacScheme, config: SourceConfig, timestamp: str, now_s: float) -> None:
    if Part.TIMESTAMP not in scheme.content:
        return
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > _DIGITS_MAX:
        raise NotVerified("the signed time is missing, or is no whole number")
    tolerance_s = scheme.tolerance_s
    if config.timestamp_grace_seconds is not None:
        tolerance_s = config.timestamp_grace_seconds
    age_s = now_s - int(timestamp) * scheme.timestamp_unit_s
    if tolerance_s is not None and abs(age_s) > tolerance_s:
        raise NotVerified(f"the signed time is {age_s:.0f} s from now, more than {tolerance_s:.0f}")


def _same(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)
