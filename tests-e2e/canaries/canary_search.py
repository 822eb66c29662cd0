"""A search for values that must not be somewhere, in the forms that text takes on its way there."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import msgspec

BYTES_MIN = 12
"""Shorter values may occur by chance."""


@dataclass(frozen=True, slots=True)
class Found:
    """A canary that is in a place, and the form that it has there."""

    place: str
    canary: str
    form: str


class Canary:
    """A value with a name. `forms` are the bytes to look for by the name of the form; those of
    `forms_in_lower_case` in a text in lower case."""

    def __init__(self, name: str, value: str | bytes) -> None:
        raw = value.encode() if isinstance(value, str) else value
        assert len(raw) >= BYTES_MIN, f"the canary {name} is too short"
        self.name = name
        self.forms = [("plain", raw), *(("base64", each) for each in _base64(raw))]
        if isinstance(value, str):
            self.forms.append(("escaped in JSON", msgspec.json.encode(value)[1:-1]))
        every_byte = "".join(f"%{byte:02x}" for byte in raw)
        self.forms_in_lower_case = [
            ("hex", raw.hex().encode()),
            ("percent-encoded", every_byte.encode()),
            ("percent-encoded", quote(raw, safe="").lower().encode()),
        ]


def find_canaries(canaries: Iterable[Canary], places: Mapping[str, bytes]) -> set[Found]:
    """The canaries that are in the places' contents."""
    known = tuple(canaries)
    found = set()
    for place, content in places.items():
        lowered = content.lower()
        for canary in known:
            forms = {form for form, value in canary.forms if value in content}
            forms |= {form for form, value in canary.forms_in_lower_case if value in lowered}
            found |= {Found(place, canary.name, form) for form in forms}
    return found


def _base64(value: bytes) -> set[bytes]:
    """The part that the base64 of any text with the value has, whatever stands around the value."""
    found = set()
    for before, first in ((0, 0), (1, 2), (2, 3)):
        complete = (before + len(value)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(bytes(before) + value)[first:complete])
    return found
