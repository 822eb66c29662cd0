"""The operator's encryption keys, as they are written in settings."""

from .sealing import Seal, key_from_base64

KEY_VARIABLE = "ANGARIUM_ENCRYPTION_KEY"
FALLBACKS_VARIABLE = "ANGARIUM_ENCRYPTION_KEY_FALLBACKS"


class KeysRefused(Exception):
    """A key cannot be used. The text says why and does not repeat the key."""

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{variable}: {reason}")
        self.variable = variable
        self.reason = reason


def seal_from(key: str, fallbacks: str = "") -> Seal:
    """Create the seal from a key in base64, and from fallbacks that commas or white space
    separate. Raises `KeysRefused`."""
    try:
        current = key_from_base64(key)
    except ValueError as error:
        raise KeysRefused(KEY_VARIABLE, str(error)) from None
    try:
        return Seal(
            current, [key_from_base64(each) for each in fallbacks.replace(",", " ").split()]
        )
    except ValueError as error:
        raise KeysRefused(FALLBACKS_VARIABLE, str(error)) from None
