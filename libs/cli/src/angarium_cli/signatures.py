"""Signatures of Standard Webhooks, for files and headers of a command line."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import typer
from angarium_signing import (
    PUBLIC_KEY_PREFIX,
    STANDARD_PREFIX,
    SVIX_PREFIX,
    TOLERANCE_S,
    MalformedSecret,
    MissingHeader,
    NoMatchingSignature,
    PrivateKey,
    PublicKey,
    SigningSecret,
    TimestampOutOfTolerance,
    UnsignableId,
    VerificationError,
    parse_signer,
    signature_headers,
)
from angarium_signing import verify as verify_request

from angarium_cli.client.text_input import read_bytes, read_text
from angarium_cli.failure import CommandFailed, ExitStatus

SECRET_VARIABLE: Final = "WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
_ANY_AGE_S: Final = 1 << 62

type Key = SigningSecret | PrivateKey | PublicKey


def signed_headers(
    body: Path, webhook_id: str, timestamp_s: int | None, secret_file: Path | None, *, svix: bool
) -> Iterator[str]:
    """The three headers of a signed body. Raises CommandFailed."""
    signers = [key for key in _keys(secret_file) if not isinstance(key, PublicKey)]
    if not signers:
        raise CommandFailed("a public key cannot sign; give whsec_… or whsk_…")
    at_s = int(time.time()) if timestamp_s is None else timestamp_s
    prefix = SVIX_PREFIX if svix else STANDARD_PREFIX
    try:
        headers = signature_headers(
            signers, webhook_id, at_s, read_bytes(body), header_prefix=prefix
        )
    except UnsignableId as error:
        raise CommandFailed(f"--id: {error}") from None
    for name, value in headers:
        yield f"{name}: {value}"


def check_signature(
    body: Path, lines: Sequence[str], secret_file: Path | None, *, any_age: bool
) -> None:
    """Verify headers and body. Raises CommandFailed, which says what is wrong and why, probably."""
    headers = dict(_header(line) for line in lines)
    prefix = SVIX_PREFIX if f"{SVIX_PREFIX}-id" in headers else STANDARD_PREFIX
    keys = _keys(secret_file)
    try:
        verify_request(
            headers,
            read_bytes(body),
            keys,
            int(time.time()),
            _ANY_AGE_S if any_age else TOLERANCE_S,
            header_prefix=prefix,
        )
    except VerificationError as error:
        raise CommandFailed(
            f"the signature is not valid: {error}; {_remedy(error)}", exit_status=ExitStatus.FAILED
        ) from None


def _remedy(error: VerificationError) -> str:
    match error:
        case MissingHeader():
            return "give it with -H, as it was received"
        case TimestampOutOfTolerance():
            return "check the clock of this machine, or use --any-age for an old request"
        case NoMatchingSignature():
            return (
                "check that the body is byte for byte as it was received (not parsed and written"
                " again), and that the secret is the endpoint's"
            )
    return "copy the header as it was received"


def _keys(path: Path | None) -> list[Key]:
    """The secrets of a file, of the environment or of a prompt. Raises CommandFailed."""
    if path is not None:
        texts = read_text(path).split()
    elif os.environ.get(SECRET_VARIABLE):
        texts = os.environ[SECRET_VARIABLE].split()
    elif sys.stdin.isatty():
        texts = [str(typer.prompt("Secret", hide_input=True))]
    else:
        texts = []
    if not texts:
        raise CommandFailed(f"the secret is missing; use --secret-file or set {SECRET_VARIABLE}")
    return [_key(text) for text in texts]


def _key(text: str) -> Key:
    try:
        if text.startswith(PUBLIC_KEY_PREFIX):
            return PublicKey.parse(text)
        return parse_signer(text)
    except MalformedSecret as error:
        raise CommandFailed(f"a secret cannot be read: {error}") from None


def _header(line: str) -> tuple[str, str]:
    name, sign, value = line.partition(":")
    if not sign or not name.strip():
        raise CommandFailed(f"{line[:40]!r} is not a header; write `name: value`")
    return name.strip().lower(), value.strip()
