"""Encryption of an export's secrets with a passphrase."""

import base64
import binascii
import os

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from .sealing import KEY_BYTES, Seal, SealBroken

_COST, _BLOCK_SIZE, _PARALLELISM = 2**15, 8, 3
"""32 MiB: one of the minimums of OWASP's Password Storage Cheat Sheet."""
_SALT_BYTES = 16


def new_salt() -> str:
    """16 random bytes in base64."""
    return base64.b64encode(os.urandom(_SALT_BYTES)).decode()


class PassphraseSeal:
    """Encrypts texts with a key derived from a passphrase and a salt.

    The constructor takes some 0.2 s: run it in a thread. It raises ValueError unless `salt` is
    base64 of 16 bytes. `purpose` ties a text to its owner: it must be the same to open it.
    """

    def __init__(self, passphrase: str, salt: str) -> None:
        try:
            salt_bytes = base64.b64decode(salt, validate=True)
        except (binascii.Error, ValueError):
            salt_bytes = b""
        if len(salt_bytes) != _SALT_BYTES:
            raise ValueError("the salt must be base64 of 16 bytes")
        kdf = Scrypt(salt=salt_bytes, length=KEY_BYTES, n=_COST, r=_BLOCK_SIZE, p=_PARALLELISM)
        self._seal = Seal(kdf.derive(passphrase.encode()))

    def close(self, text: str, purpose: str) -> str:
        """Encrypt `text`; base64."""
        return base64.b64encode(self._seal.close(text.encode(), purpose.encode())).decode()

    def open(self, sealed: str, purpose: str) -> str:
        """Decrypt the result of `close`. Raises `SealBroken`."""
        try:
            return self._seal.open(
                base64.b64decode(sealed, validate=True), purpose.encode()
            ).decode()
        except (binascii.Error, ValueError):
            raise SealBroken("not base64") from None
