"""The written form of every key: a prefix that names its kind, then base64."""

import re
from base64 import b64decode

from angarium_signing.errors import MalformedSecret

_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def key_bytes(text: str, prefix: str, bytes_max: int) -> bytes:
    """Decode the part after the prefix; base64 padding is optional.

    Raises MalformedSecret, whose text repeats nothing but the prefix.
    """
    if not text.startswith(prefix):
        raise MalformedSecret(f"such a secret begins with {prefix}")
    encoded = text[len(prefix) :]
    chars_max = 2 * bytes_max
    if len(encoded) > chars_max:
        raise MalformedSecret(f"what follows {prefix} is longer than {chars_max} characters")
    if _BASE64.fullmatch(encoded) is None:
        raise MalformedSecret(f"what follows {prefix} is not base64")
    stripped = encoded.rstrip("=")
    if len(stripped) % 4 == 1:
        raise MalformedSecret(f"what follows {prefix} is not base64")
    # Excess padding is ignored.
    return b64decode(f"{stripped}==")
