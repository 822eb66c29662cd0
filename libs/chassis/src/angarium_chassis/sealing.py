"""Encryption of secrets at rest and in transit: AES-256-GCM with the operator's keys."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_WITHOUT_KEY_ID = b"\x01"
_WITH_KEY_ID = b"\x02"
_NONCE_BYTES = 12
_KEY_ID_BYTES = 4
KEY_ID_DIGITS = 2 * _KEY_ID_BYTES
_CHECKED = b"Angarium encryption key, check value 1"
_DERIVED = b"Angarium derived key, version 1: "
KEY_BYTES = 32
FALLBACKS_MAX = 5


class SealBroken(Exception):
    """The bytes were not sealed with one of these keys and this associated data."""


class _Key:
    """One key: its cipher, its check value, and the id that begins the check value."""

    __slots__ = ("check_value", "cipher", "derived", "id", "id_bytes")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the encryption key must be {KEY_BYTES} bytes, not {len(key)}")
        self.cipher = AESGCM(key)
        self.derived = hmac.new(key, _DERIVED, hashlib.sha256)
        self.check_value = hmac.new(key, _CHECKED, hashlib.sha256).hexdigest()[:32]
        self.id = self.check_value[:KEY_ID_DIGITS]
        self.id_bytes = bytes.fromhex(self.id)

    def open(self, nonce: bytes, encrypted: bytes, associated: bytes) -> bytes | None:
        """Decrypt; None if it was not encrypted with this key and this associated data."""
        try:
            return self.cipher.decrypt(nonce, encrypted, associated)
        except (InvalidTag, ValueError):
            return None


class Seal:
    """Encrypts bytes with one key, and decrypts what that key or one of `fallbacks` encrypted.

    The associated data is not stored. It ties a secret to its owner, so that the sealed bytes of
    one row cannot be opened as those of another. With fallbacks, sealed bytes contain the id of
    their key: eight hex digits that are derived from the key and do not disclose it. Raises
    ValueError for a key of another length, and for more than `FALLBACKS_MAX` fallbacks.
    """

    def __init__(
        self,
        key: bytes,
        fallbacks: Sequence[bytes] = (),
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        keys = [_Key(each) for each in dict.fromkeys([key, *fallbacks])]
        if len(keys) - 1 > FALLBACKS_MAX:
            raise ValueError(f"there may be at most {FALLBACKS_MAX} fallbacks, not {len(keys) - 1}")
        self._current = keys[0]
        self._cipher = keys[0].cipher
        self._keys = {each.id_bytes: each for each in keys}
        if len(self._keys) < len(keys):
            raise ValueError("two encryption keys have the same id; generate another key")
        self._prefix = _WITHOUT_KEY_ID if len(keys) == 1 else _WITH_KEY_ID + keys[0].id_bytes
        self._random_bytes = random_bytes

    @classmethod
    def from_base64(cls, text: str, fallbacks: Sequence[str] = ()) -> "Seal":
        """Create a seal from keys in base64. Raises ValueError with the correction."""
        return cls(key_from_base64(text), [key_from_base64(each) for each in fallbacks])

    def derived_key(self, purpose: bytes) -> bytes:
        """A key of 32 bytes for another purpose, which does not disclose the current key."""
        return _derived_from(self._current, purpose)

    def derived_keys(self, purpose: bytes) -> tuple[bytes, ...]:
        """`derived_key`, then the key that it was or will be under each fallback: what one of them
        signed is genuine."""
        return tuple(_derived_from(each, purpose) for each in self._keys.values())

    @property
    def check_value(self) -> str:
        """32 hex digits that are the same for the same current key, and do not disclose it."""
        return self._current.check_value

    @property
    def key_id(self) -> str:
        """The id of the current key: the first eight digits of its check value."""
        return self._current.id

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, the current one first."""
        return tuple(each.id for each in self._keys.values())

    def has_key(self, name: str) -> bool:
        """True if the check value or the id `name` is that of one of the keys."""
        return any(
            hmac.compare_digest(each.check_value[: len(name)].encode(), name.encode())
            for each in self._keys.values()
            if len(name) >= len(each.id)
        )

    def close(self, plain: bytes, associated: bytes) -> bytes:
        """Encrypt `plain` with the current key."""
        nonce = self._random_bytes(_NONCE_BYTES)
        return self._prefix + nonce + self._cipher.encrypt(nonce, plain, associated)

    def open(self, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt the result of `close`. Raises `SealBroken`."""
        if sealed.startswith(self._prefix):
            start = len(self._prefix)
            end = start + _NONCE_BYTES
            try:
                return self._cipher.decrypt(sealed[start:end], sealed[end:], associated)
            except (InvalidTag, ValueError):
                pass  # Without an id, it may be of another key.
        return self._opened(sealed, associated)[1]

    def key_id_of(self, sealed: bytes, associated: bytes) -> str:
        """The id of the key that `sealed` needs, which may be a key that is not here. Raises
        `SealBroken` if `sealed` does not name its key, and no key opens it."""
        if sealed[:1] == _WITH_KEY_ID and len(sealed) > _KEY_ID_BYTES + _NONCE_BYTES:
            return sealed[1 : 1 + _KEY_ID_BYTES].hex()
        return self._opened(sealed, associated)[0].id

    def resealed(self, sealed: bytes, associated: bytes) -> bytes:
        """The same under the current key; `sealed` itself if it already is. Raises `SealBroken`."""
        key, plain = self._opened(sealed, associated)
        return sealed if key is self._current else self.close(plain, associated)

    def _opened(self, sealed: bytes, associated: bytes) -> tuple[_Key, bytes]:
        version = sealed[:1]
        if version == _WITH_KEY_ID:
            named = self._keys.get(sealed[1 : 1 + _KEY_ID_BYTES])
            if named is None:
                raise SealBroken("sealed with a key that is not set")
            keys, start = [named], 1 + _KEY_ID_BYTES
        elif version == _WITHOUT_KEY_ID:
            keys, start = list(self._keys.values()), 1
        else:
            raise SealBroken("unknown seal version")
        nonce, encrypted = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
        for key in keys:
            plain = key.open(nonce, encrypted, associated)
            if plain is not None:
                return key, plain
        raise SealBroken("wrong key, or sealed for something else")


def may_be_sealed(value: bytes) -> bool:
    """False for bytes that no `close` returned: what earlier versions stored unencrypted."""
    return value[:1] in (_WITHOUT_KEY_ID, _WITH_KEY_ID)


def key_from_base64(text: str) -> bytes:
    """The bytes of a key. Raises ValueError with the correction."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("the encryption key must be base64 of 32 random bytes")
    return key


def _derived_from(key: _Key, purpose: bytes) -> bytes:
    derived = key.derived.copy()
    derived.update(purpose)
    return derived.digest()
