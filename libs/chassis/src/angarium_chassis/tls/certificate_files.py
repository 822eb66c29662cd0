"""Checks of certificates and keys in files, so that a wrong one is named when a process starts.

OpenSSL reports the same faults at the first connection, and without the file's name.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509


class CertificateRefused(Exception):
    """A certificate, key or password cannot be used. The text names the setting and the remedy."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A certificate, followed by its chain, and its key: in the same file if `key` is None."""

    certificate: Path
    key: Path | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SettingNames:
    """How errors call the settings that name the files."""

    certificate: str
    key: str
    password: str


def check_certificate(files: CertificateFiles, names: SettingNames) -> datetime:
    """Check that the certificate is valid now and the key is its own. Returns when it expires.
    Raises `CertificateRefused`."""
    from cryptography import x509

    text = _read(files.certificate, names.certificate)
    try:
        leaf = x509.load_pem_x509_certificates(text)[0]
    except ValueError:
        raise CertificateRefused(
            f"{names.certificate}: {files.certificate} has no certificate in PEM"
        ) from None
    now = datetime.now(UTC)
    if leaf.not_valid_after_utc <= now:
        raise CertificateRefused(
            f"{names.certificate}: the certificate in {files.certificate} expired at"
            f" {_time(leaf.not_valid_after_utc)}; renew it"
        )
    if leaf.not_valid_before_utc > now:
        raise CertificateRefused(
            f"{names.certificate}: the certificate in {files.certificate} is valid from"
            f" {_time(leaf.not_valid_before_utc)} only; check the machine's clock"
        )
    _check_key(leaf, files, names)
    return leaf.not_valid_after_utc


def check_authorities(path: Path, name: str) -> None:
    """Check that the file has certificates of authorities. Raises `CertificateRefused`."""
    from cryptography import x509

    try:
        x509.load_pem_x509_certificates(_read(path, name))
    except ValueError:
        raise CertificateRefused(f"{name}: {path} has no certificate in PEM") from None


def _check_key(leaf: "x509.Certificate", files: CertificateFiles, names: SettingNames) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = files.key or files.certificate
    data = _read(path, names.key)
    password = files.password.encode() if files.password else None
    if b"PRIVATE KEY-----" not in data:
        raise CertificateRefused(f"{names.key}: {path} has no private key in PEM")
    if password is None and b"ENCRYPTED" in data:
        raise CertificateRefused(
            f"{names.key}: the key in {path} is encrypted; set {names.password}"
        )
    try:
        key = load_pem_private_key(data[_key_at(data) :], password)
    except TypeError:
        raise CertificateRefused(
            f"{names.password} is set, but the key in {path} is not encrypted; unset it"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        reason = "cannot be read" if password is None else "does not open with this password"
        wrong = names.key if password is None else names.password
        raise CertificateRefused(f"{wrong}: the key in {path} {reason}; correct it") from None
    if key.public_key() != leaf.public_key():
        raise CertificateRefused(
            f"{names.key}: the key in {path} is not that of the certificate in"
            f" {files.certificate}; set the two that belong together"
        )


def _key_at(data: bytes) -> int:
    """The position of the key's block, which may follow certificates."""
    return data.rindex(b"-----BEGIN", 0, data.index(b"PRIVATE KEY-----"))


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateRefused(
            f"{name}: {path} cannot be read ({error.strerror}); correct the path or its permissions"
        ) from error


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
