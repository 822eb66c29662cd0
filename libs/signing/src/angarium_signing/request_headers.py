"""The three headers of a signed request: how they are made and how they are checked."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from angarium_signing.errors import (
    MalformedSignature,
    MalformedTimestamp,
    MissingHeader,
    NoMatchingSignature,
    TimestampTooNew,
    TimestampTooOld,
    UnsignableId,
)
from angarium_signing.scheme import Signer, Verifier, signed_prefix

STANDARD_PREFIX: Final = "webhook"
SVIX_PREFIX: Final = "svix"
BOTH_PREFIXES: Final = (STANDARD_PREFIX, SVIX_PREFIX)
TOLERANCE_S: Final = 300
SIGNATURES_MAX: Final = 64
SIGNATURE_HEADER_CHARS_MAX: Final = 16_384
_TIMESTAMP = re.compile(r"0|[1-9][0-9]{0,14}")


def signature_headers(
    signers: Sequence[Signer],
    webhook_id: str,
    timestamp_s: int,
    body: bytes,
    *,
    header_prefix: str = STANDARD_PREFIX,
) -> tuple[tuple[str, str], tuple[str, str], tuple[str, str]]:
    """Name and value of the id, timestamp and signature header, in that order.

    Every signer contributes one signature, separated by spaces, in the given order: during a
    rotation the new secret stands first and the old ones sign on. Raises UnsignableId;
    ValueError without any signer.
    """
    signatures = _signatures(signers, webhook_id, timestamp_s, body)
    return (
        (f"{header_prefix}-id", webhook_id),
        (f"{header_prefix}-timestamp", str(timestamp_s)),
        (f"{header_prefix}-signature", signatures),
    )


def signature_headers_under(
    prefixes: Sequence[str],
    signers: Sequence[Signer],
    webhook_id: str,
    timestamp_s: int,
    body: bytes,
) -> tuple[tuple[str, str], ...]:
    """As `signature_headers`, three headers under each prefix; every key signs once."""
    signatures = _signatures(signers, webhook_id, timestamp_s, body)
    timestamp = str(timestamp_s)
    headers: list[tuple[str, str]] = []
    for prefix in prefixes:
        headers += (
            (f"{prefix}-id", webhook_id),
            (f"{prefix}-timestamp", timestamp),
            (f"{prefix}-signature", signatures),
        )
    return tuple(headers)


def _signatures(signers: Sequence[Signer], webhook_id: str, timestamp_s: int, body: bytes) -> str:
    if not signers:
        raise ValueError("a webhook is signed with at least one secret")
    content_prefix = signed_prefix(webhook_id, timestamp_s)
    return " ".join([signer.sign_content(content_prefix, body) for signer in signers])


def verify(
    headers: Mapping[str, str],
    body: bytes,
    verifiers: Iterable[Verifier],
    now_s: int,
    tolerance_s: int = TOLERANCE_S,
    *,
    header_prefix: str = STANDARD_PREFIX,
) -> None:
    """Return if one of the secrets signed this body, id and time within the tolerance.

    `headers` in any case, `body` exactly as received. Raises a VerificationError that says why
    not: MissingHeader, MalformedTimestamp, TimestampTooOld, TimestampTooNew,
    MalformedSignature or NoMatchingSignature. Signatures of other versions are passed over.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    webhook_id = _required(lowered, f"{header_prefix}-id")
    timestamp_text = _required(lowered, f"{header_prefix}-timestamp")
    signatures = _required(lowered, f"{header_prefix}-signature")
    timestamp_s = _checked_timestamp(timestamp_text, now_s, tolerance_s)
    try:
        prefix = signed_prefix(webhook_id, timestamp_s)
    except UnsignableId as error:
        raise NoMatchingSignature("no sender can have signed this id") from error
    known = list(verifiers)
    for version, signature in _split(signatures):
        for verifier in known:
            if verifier.version == version and verifier.verify_content(prefix, body, signature):
                return
    raise NoMatchingSignature("no signature was made with a known secret over this content")


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise MissingHeader(name)
    return value


def _checked_timestamp(text: str, now_s: int, tolerance_s: int) -> int:
    if _TIMESTAMP.fullmatch(text) is None:
        raise MalformedTimestamp("the timestamp is not a whole number of seconds since 1970")
    timestamp_s = int(text)
    age_s = now_s - timestamp_s
    if age_s > tolerance_s:
        raise TimestampTooOld(age_s, tolerance_s)
    if age_s < -tolerance_s:
        raise TimestampTooNew(age_s, tolerance_s)
    return timestamp_s


def _split(header: str) -> list[tuple[str, bytes]]:
    if len(header) > SIGNATURE_HEADER_CHARS_MAX or header.count(" ") >= SIGNATURES_MAX:
        raise MalformedSignature("the signature header is longer than any sender needs")
    signatures: list[tuple[str, bytes]] = []
    for part in header.split(" "):
        version, _, encoded = part.partition(",")
        try:
            signatures.append((version, b64decode(encoded, validate=True)))
        except (Base64Error, ValueError):
            continue  # One unreadable signature says nothing about its neighbours.
    return signatures
