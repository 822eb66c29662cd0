"""The search for canaries finds each form that a value may have."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from .canary_search import Canary, find_canaries

VALUE = 'canary/~>?+"key"é'
CANARY = Canary("key", VALUE)

ENCODINGS: dict[str, tuple[str, Callable[[str], str]]] = {
    "plain": ("plain", lambda text: text),
    "JSON": ("escaped in JSON", lambda text: json.dumps(text, ensure_ascii=False)),
    "hex": ("hex", lambda text: text.encode().hex()),
    "hex in upper case": ("hex", lambda text: text.encode().hex().upper()),
    "a URL's password": ("percent-encoded", lambda text: quote(text, safe="")),
    "in lower case": ("percent-encoded", lambda text: quote(text, safe="").lower()),
    "every byte": (
        "percent-encoded",
        lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    ),
    "base64": ("base64", lambda text: base64.b64encode(text.encode()).decode()),
    "base64 after one byte": (
        "base64",
        lambda text: base64.b64encode(f"u{text}".encode()).decode(),
    ),
    "base64 after two": ("base64", lambda text: base64.b64encode(f"u:{text}!".encode()).decode()),
    "base64 in a URL": ("base64", lambda text: base64.urlsafe_b64encode(text.encode()).decode()),
}


@pytest.mark.parametrize(("form", "encode"), ENCODINGS.values(), ids=ENCODINGS.keys())
def test_each_form_is_found(form: str, encode: Callable[[str], str]) -> None:
    content = f"a line, then {encode(VALUE)} and more".encode()
    found = find_canaries([CANARY], {"the log": content})
    assert ("the log", "key", form) in {(each.place, each.canary, each.form) for each in found}


def test_what_is_only_alike_is_not_found() -> None:
    others = [encode(VALUE.replace("canary", "parrot")) for _, encode in ENCODINGS.values()]
    contents = {other: other.encode() for other in others}
    assert find_canaries([CANARY], contents) == set()


def test_a_binary_value_is_found_in_a_dump() -> None:
    key = bytes(range(200, 232))
    canary = Canary("seed", key)
    dump = f"1\t\\\\x00{key.hex()}ff\n".encode()
    assert {each.form for each in find_canaries([canary], {"dump": dump})} == {"hex"}


def test_a_value_that_may_occur_by_chance_is_refused() -> None:
    with pytest.raises(AssertionError, match="too short"):
        Canary("short", "abc")
