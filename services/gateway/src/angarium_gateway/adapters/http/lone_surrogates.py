"""Halves of characters in JSON texts, as `JSON.stringify` writes them of a string cut in two.

RFC 8259, section 8.2, allows an escape such as `\\ud83d` without its other half; msgspec refuses
it. A payload is only passed on, so it may hold any: it is read with a placeholder for each, and
gets them back.
"""

import re
from typing import Final

_ESCAPE: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\.",
    re.DOTALL,
)
_PRIVATE_USE: Final = range(0xE000, 0xF8FF)


class LoneSurrogates:
    """The lone surrogates of a JSON text, and the text with `placeholder` in their place."""

    def __init__(self, text: bytes) -> None:
        self.found = [match[1] for match in _ESCAPE.finditer(text) if match[1] is not None]
        self.placeholder = _unused(text) if self.found else ""
        self._escape = _escape(self.placeholder) if self.found else b""
        self.text = _ESCAPE.sub(self._hidden, text) if self.found else text

    def restore(self, part: bytes) -> bytes:
        """A part of `text` that holds every placeholder, with the surrogates in their places."""
        found = iter(self.found)
        return re.sub(re.escape(self._escape), lambda _: next(found), part)

    def _hidden(self, match: re.Match[bytes]) -> bytes:
        return match[0] if match[1] is None else self._escape


def _unused(text: bytes) -> str:
    folded = text.lower()
    return next(
        chr(code)
        for code in _PRIVATE_USE
        if _escape(chr(code)) not in folded and chr(code).encode() not in text
    )


def _escape(character: str) -> bytes:
    return b"\\u%04x" % ord(character)
