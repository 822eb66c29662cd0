"""Faults of a certificate, its key or its password are named with the setting."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from angarium_chassis.tls.certificate_files import (
    CertificateFiles,
    CertificateRefused,
    SettingNames,
    check_authorities,
    check_certificate,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

NAMES = SettingNames("CERTIFICATE", "KEY", "PASSWORD")
AUTHORITY = trustme.CA()
ISSUED = AUTHORITY.issue_cert("localhost")
OTHER = AUTHORITY.issue_cert("localhost")
CERTIFICATE = ISSUED.cert_chain_pems[0].bytes()
KEY = ISSUED.private_key_pem.bytes()
ENCRYPTED = load_pem_private_key(KEY, None).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right")
)
NOW = datetime.now(UTC)
EXPIRED = AUTHORITY.issue_cert("localhost", not_after=NOW - timedelta(days=1))
FUTURE = AUTHORITY.issue_cert("localhost", not_before=NOW + timedelta(days=1))


def write(folder: Path, certificate: bytes | None, key: bytes | None) -> CertificateFiles:
    if certificate is not None:
        (folder / "tls.crt").write_bytes(certificate)
    if key is not None:
        (folder / "tls.key").write_bytes(key)
    return CertificateFiles(folder / "tls.crt", folder / "tls.key")


def test_a_certificate_and_its_key_are_taken(tmp_path: Path) -> None:
    assert check_certificate(write(tmp_path, CERTIFICATE, KEY), NAMES) > NOW


@pytest.mark.parametrize("together", [CERTIFICATE + KEY, KEY + CERTIFICATE])
def test_both_may_be_in_one_file(tmp_path: Path, together: bytes) -> None:
    (tmp_path / "both.pem").write_bytes(together)

    assert check_certificate(CertificateFiles(tmp_path / "both.pem"), NAMES) > NOW


def test_an_encrypted_key_opens_with_its_password(tmp_path: Path) -> None:
    files = write(tmp_path, CERTIFICATE, ENCRYPTED)

    assert check_certificate(CertificateFiles(files.certificate, files.key, "right"), NAMES) > NOW
    assert "right" not in repr(CertificateFiles(files.certificate, files.key, "right"))


@pytest.mark.parametrize(
    ("certificate", "key", "password", "told"),
    [
        (None, KEY, None, r"CERTIFICATE: .*tls.crt cannot be read \(No such file or directory\)"),
        (CERTIFICATE, None, None, r"KEY: .*tls.key cannot be read .*; correct the path"),
        (b"nothing", KEY, None, r"CERTIFICATE: .*tls.crt has no certificate in PEM"),
        (CERTIFICATE, CERTIFICATE, None, r"KEY: .*tls.key has no private key in PEM"),
        (CERTIFICATE, KEY[:90] + KEY[110:], None, r"KEY: the key in .*tls.key cannot be read"),
        (CERTIFICATE, OTHER.private_key_pem.bytes(), None, r"KEY: .* is not that of the certific"),
        (CERTIFICATE, ENCRYPTED, None, r"KEY: .* is encrypted; set PASSWORD"),
        (CERTIFICATE, ENCRYPTED, "wrong", r"PASSWORD: .* does not open with this password"),
        (CERTIFICATE, KEY, "needless", r"PASSWORD is set, but .* is not encrypted; unset it"),
        (
            EXPIRED.cert_chain_pems[0].bytes(),
            EXPIRED.private_key_pem.bytes(),
            None,
            r"CERTIFICATE: .* expired at \d{4}-\d\d-\d\d .*; renew it",
        ),
        (
            FUTURE.cert_chain_pems[0].bytes(),
            FUTURE.private_key_pem.bytes(),
            None,
            r"CERTIFICATE: .* only; check the machine's clock",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_setting(
    tmp_path: Path, certificate: bytes | None, key: bytes | None, password: str | None, told: str
) -> None:
    files = write(tmp_path, certificate, key)
    with pytest.raises(CertificateRefused, match=told):
        check_certificate(CertificateFiles(files.certificate, files.key, password), NAMES)


def test_authorities_are_certificates(tmp_path: Path) -> None:
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "empty.pem").write_bytes(b"")

    check_authorities(tmp_path / "ca.pem", "AUTHORITIES")
    for name, told in (("empty.pem", "has no certificate"), ("none.pem", "cannot be read")):
        with pytest.raises(CertificateRefused, match=rf"AUTHORITIES: .*{name} {told}"):
            check_authorities(tmp_path / name, "AUTHORITIES")
