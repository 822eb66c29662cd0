"""From a secret's text to what signs with it, whatever its kind."""

from angarium_signing.key_pair import PRIVATE_KEY_PREFIX, PrivateKey
from angarium_signing.secret import SigningSecret


def parse_signer(text: str) -> SigningSecret | PrivateKey:
    """Read `whsec_…` (v1) or `whsk_…` (v1a). Raises MalformedSecret."""
    if text.startswith(PRIVATE_KEY_PREFIX):
        return PrivateKey.parse(text)
    return SigningSecret.parse(text)
