"""Asymmetric keys (`whsk_`, `whpk_`) and the `v1a` scheme: Ed25519 over id, time and body.

The forms are those of Standard Webhooks ("Signature scheme"): base64 of the raw key behind the
prefix. A private key is written as its 32 bytes seed, or as the 64 bytes that libsodium and Svix
use, seed and public key together; both are read, and both halves must then belong together.
"""

import hashlib
import hmac
from base64 import b64encode
from binascii import b2a_base64
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from angarium_signing.encoding import key_bytes
from angarium_signing.errors import MalformedSecret
from angarium_signing.scheme import signed_prefix

PRIVATE_KEY_PREFIX = "whsk_"
PUBLIC_KEY_PREFIX = "whpk_"
SEED_BYTES = 32
PUBLIC_KEY_BYTES = 32


class PublicKey:
    """Recognises `v1a` signatures of one key pair. Immutable; no secret."""

    __slots__ = ("_key", "_raw")

    version = "v1a"

    def __init__(self, raw: bytes) -> None:
        """Take the 32 bytes of RFC 8032, section 5.1.5; else MalformedSecret."""
        if len(raw) != PUBLIC_KEY_BYTES:
            raise MalformedSecret(f"a public key has {PUBLIC_KEY_BYTES} bytes, not {len(raw)}")
        self._raw = bytes(raw)
        self._key = Ed25519PublicKey.from_public_bytes(self._raw)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `whpk_<base64>`; base64 padding may be left out. Raises MalformedSecret."""
        return cls(key_bytes(text, PUBLIC_KEY_PREFIX, PUBLIC_KEY_BYTES))

    @property
    def text(self) -> str:
        """`whpk_<base64>`, for whoever verifies."""
        return PUBLIC_KEY_PREFIX + b64encode(self._raw).decode("ascii")

    def verify_content(self, prefix: bytes, body: bytes, signature: bytes) -> bool:
        """True if `signature` (raw, without version or base64) was made with the private key."""
        try:
            self._key.verify(signature, prefix + body)
        except InvalidSignature:
            return False
        return True

    def __eq__(self, other: object) -> bool:
        return self._raw == other._raw if isinstance(other, PublicKey) else NotImplemented

    def __hash__(self) -> int:
        return hash((PublicKey, self._raw))

    def __repr__(self) -> str:
        return self.text


class PrivateKey:
    """Makes `v1a` signatures. Immutable; `repr` shows nothing of it.

    A signature over 1 kB takes some 25 times as long as an HMAC.
    """

    __slots__ = ("_key", "_seed", "public_key")

    version = "v1a"

    def __init__(self, raw: bytes) -> None:
        """Take a 32 bytes seed, or 64 bytes of seed and public key; else MalformedSecret.

        To generate a key, pass 32 bytes from the operating system's random source.
        """
        if len(raw) not in (SEED_BYTES, SEED_BYTES + PUBLIC_KEY_BYTES):
            raise MalformedSecret(
                f"a private key has {SEED_BYTES} or {SEED_BYTES + PUBLIC_KEY_BYTES} bytes,"
                f" not {len(raw)}"
            )
        self._seed = bytes(raw[:SEED_BYTES])
        self._key = Ed25519PrivateKey.from_private_bytes(self._seed)
        public = self._key.public_key().public_bytes_raw()
        if raw[SEED_BYTES:] not in (b"", public):
            raise MalformedSecret("the private key's two halves do not belong together")
        self.public_key = PublicKey(public)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `whsk_<base64>`; base64 padding may be left out. Raises MalformedSecret."""
        return cls(key_bytes(text, PRIVATE_KEY_PREFIX, SEED_BYTES + PUBLIC_KEY_BYTES))

    def reveal(self) -> str:
        """The key in the clear as `whsk_<base64>` of its 64 bytes: to encrypt it, no more."""
        both = self._seed + self._key.public_key().public_bytes_raw()
        return PRIVATE_KEY_PREFIX + b64encode(both).decode("ascii")

    def sign(self, webhook_id: str, timestamp_s: int, body: bytes) -> str:
        """`v1a,<base64>` over `id.timestamp.body`. Raises UnsignableId."""
        return self.sign_content(signed_prefix(webhook_id, timestamp_s), body)

    def sign_content(self, prefix: bytes, body: bytes) -> str:
        """As `sign`, for a prefix from `signed_prefix` that several signers share."""
        return "v1a," + b2a_base64(self._key.sign(prefix + body), newline=False).decode("ascii")

    def verify_content(self, prefix: bytes, body: bytes, signature: bytes) -> bool:
        """As the public key has it."""
        return self.public_key.verify_content(prefix, body, signature)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PrivateKey):
            return NotImplemented
        return hmac.compare_digest(self._seed, other._seed)

    def __hash__(self) -> int:
        return hash((PrivateKey, hashlib.sha256(self._seed).digest()))

    def __repr__(self) -> str:
        return f"{PRIVATE_KEY_PREFIX}***"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not pickled; reveal() and encrypt it")
