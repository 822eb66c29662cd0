"""Signatures with public keys, by `cryptography`, which the extra `public-keys` installs."""

import base64
import binascii
from typing import Protocol

from .errors import MalformedSecret, MissingDependency, UntrustedCertificate

ED25519_KEY_BYTES = 32


class PublicKey(Protocol):
    """Recognises the signatures of one private key."""

    def verify(self, signature: bytes, content: bytes) -> bool: ...


def _missing(error: ImportError) -> MissingDependency:
    return MissingDependency(
        f"Signatures with public keys need cryptography ({error}):"
        " pip install 'angarium-receiver[public-keys]'"
    )


class Ed25519Key:
    """An Ed25519 public key."""

    def __init__(self, key: bytes) -> None:
        """Take the 32 raw bytes. Raises MalformedSecret, MissingDependency."""
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError as error:
            raise _missing(error) from error
        if len(key) != ED25519_KEY_BYTES:
            raise MalformedSecret(f"An Ed25519 public key has 32 bytes, not {len(key)}.")
        self._key = Ed25519PublicKey.from_public_bytes(key)

    def verify(self, signature: bytes, content: bytes) -> bool:
        """True if the private key made the signature over the content."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, content)
        except InvalidSignature:
            return False
        return True


class EcdsaKey:
    """An ECDSA public key of the curve P-256, for signatures over SHA-256."""

    def __init__(self, text: str) -> None:
        """Take the key as base64 of its DER form. Raises MalformedSecret, MissingDependency."""
        try:
            from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
            from cryptography.hazmat.primitives.serialization import load_der_public_key
        except ImportError as error:
            raise _missing(error) from error
        try:
            key = load_der_public_key(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error) as error:
            raise MalformedSecret("The verification key is not base64 of a DER key.") from error
        if not isinstance(key, EllipticCurvePublicKey):
            raise MalformedSecret("The verification key is not an elliptic-curve key.")
        self._key = key

    def verify(self, signature: bytes, content: bytes) -> bool:
        """True if the private key made the signature over the content."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self._key.verify(signature, content, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


class RsaCertificate:
    """The RSA key of an X.509 certificate, for PKCS #1 v1.5 signatures."""

    def __init__(self, pem: bytes) -> None:
        """Take the certificate as PEM. Raises UntrustedCertificate, MissingDependency."""
        try:
            from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
            from cryptography.x509 import load_pem_x509_certificate
        except ImportError as error:
            raise _missing(error) from error
        try:
            key = load_pem_x509_certificate(pem).public_key()
        except ValueError as error:
            raise UntrustedCertificate("The sender's certificate cannot be read.") from error
        if not isinstance(key, RSAPublicKey):
            raise UntrustedCertificate("The sender's certificate has no RSA key.")
        self._key: RSAPublicKey = key

    def verify(self, signature: bytes, content: bytes, digest: str) -> bool:
        """True if the private key made the signature; `digest` is sha1 or sha256."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        # SHA-1 is what AWS SNS signs with by default (SignatureVersion 1).
        algorithm = hashes.SHA256() if digest == "sha256" else hashes.SHA1()  # noqa: S303
        try:
            self._key.verify(signature, content, PKCS1v15(), algorithm)
        except InvalidSignature:
            return False
        return True
