"""The rule for names that people give to tenants and API keys."""

from typing import Final

NAME_CHARS_MAX: Final = 256


def may_be_name(text: str) -> bool:
    """True for 1 to 256 printable characters without a space around them."""
    return 1 <= len(text) <= NAME_CHARS_MAX and text.isprintable() and text == text.strip()
