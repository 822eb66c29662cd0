"""Encryption of secrets at rest and in transit: AES-256-GCM with the operator's key."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_NONCE_BYTES = 12
_CHECKED = b"Angarium encryption key, check value 1"
_DERIVED = b"Angarium derived key, version 1: "
KEY_BYTES = 32


class SealBroken(Exception):
    """The bytes were not sealed with this key and this associated data."""


class Seal:
    """Encrypts and decrypts bytes.

    The associated data is not stored. It ties a secret to its owner, so that the sealed bytes of
    one row cannot be opened as those of another.
    """

    def __init__(self, key: bytes, *, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the encryption key must be {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)
        self._derived = hmac.new(key, _DERIVED, hashlib.sha256)
        self._check_value = hmac.new(key, _CHECKED, hashlib.sha256).hexdigest()[:32]
        self._random_bytes = random_bytes

    @classmethod
    def from_base64(cls, text: str) -> "Seal":
        """Create a seal from a key in base64. Raises ValueError with the correction."""
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("the encryption key must be base64 of 32 random bytes") from None
        return cls(key)

    def derived_key(self, purpose: bytes) -> bytes:
        """A key of 32 bytes for another purpose, which does not disclose this one."""
        derived = self._derived.copy()
        derived.update(purpose)
        return derived.digest()

    @property
    def check_value(self) -> str:
        """32 hex digits that are the same for the same key, and do not disclose it."""
        return self._check_value

    def matches(self, check_value: str) -> bool:
        """True if `check_value` is that of this key."""
        return hmac.compare_digest(self._check_value.encode(), check_value.encode())

    def close(self, plain: bytes, associated: bytes) -> bytes:
        """Encrypt `plain`."""
        nonce = self._random_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, associated)

    def open(self, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt the result of `close`. Raises `SealBroken`."""
        if sealed[:1] != _VERSION:
            raise SealBroken("unknown seal version")
        nonce = sealed[1 : 1 + _NONCE_BYTES]
        try:
            return self._cipher.decrypt(nonce, sealed[1 + _NONCE_BYTES :], associated)
        except (InvalidTag, ValueError):
            raise SealBroken("wrong key, or sealed for something else") from None
