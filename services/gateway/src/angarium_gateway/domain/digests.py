"""Digests that replace idempotency keys, requests and API tokens in the database."""

import hashlib
from typing import Final

from .api_tokens import TOKEN_PREFIX

_SCOPED: Final = "scoped "


def key_digest(tenant_id: bytes, key: str) -> bytes:
    """A 16-byte digest of a tenant's idempotency key."""
    return hashlib.blake2b(key.encode(), key=tenant_id, digest_size=16).digest()


def request_digest(method: str, path: str, body: bytes) -> bytes:
    """A 16-byte digest of a request, to compare requests under one idempotency key."""
    digest = hashlib.blake2b(f"{method} {path}\n".encode(), digest_size=16)
    digest.update(body)
    return digest.digest()


def token_hash(token: str) -> bytes:
    """SHA-256 of an API token. Tokens are 256 random bits, so no slow hash is needed.

    A token that may be restricted is hashed with a prefix, which earlier versions do not know: they
    take every key for an unrestricted one, so during an upgrade they must not find these.
    """
    marked = _SCOPED + token if token.startswith(TOKEN_PREFIX) else token
    return hashlib.sha256(marked.encode()).digest()
