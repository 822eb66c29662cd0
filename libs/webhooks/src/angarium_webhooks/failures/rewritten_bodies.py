"""Recognises a receiver that parses a body and writes it again before it checks the signature.

It shows in what the receiver answers: the body that it checked, or a hash or signature of it.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from .records import CHECKED_BODY, REWRITTEN_AS, SENT_BODY
from .signatures import says_signature

BODY_BYTES_MAX: Final = 65_536
"""A longer body is not looked at."""
ANSWER_BYTES_MAX: Final = 16_384
EXCERPT_CHARS: Final = 1_000
_OBJECTS_MAX: Final = 8
_STRINGS_MAX: Final = 64
_DEPTH_MAX: Final = 4
_FORMS: Final[Mapping[str, dict[str, Any]]] = {
    "JSON without spaces": {"separators": (",", ":")},
    "JSON with spaces": {},
    "JSON without spaces, sorted": {"separators": (",", ":"), "sort_keys": True},
    "JSON with spaces, sorted": {"sort_keys": True},
    "JSON indented by 2": {"indent": 2},
}
_decoder = json.JSONDecoder()

type Sign = Callable[[bytes], Sequence[str]]
"""The signatures of a body, as the header has them: `v1,<base64>`, one after the other."""


def find_rewritten_body(
    sent: bytes, head: bytes, answer: bytes, sign: Sign | None = None
) -> Mapping[str, str]:
    """The facts about a body that the receiver checked instead of `sent`, as far as the head and
    the body of its answer tell; empty if they do not. Never raises."""
    if sent[:1] not in {b"{", b"["} or len(sent) > BODY_BYTES_MAX or not (head or answer):
        return {}
    text = (head + b"\n" + answer[:ANSWER_BYTES_MAX]).decode("utf-8", "replace")
    try:
        parsed = json.loads(sent)
        found = _by_digest(parsed, sent, text, sign) or _by_quote(parsed, sent, text)
    except (ValueError, RecursionError):
        return {}
    if found is None:
        return {}
    checked, form = found
    return {
        SENT_BODY: sent[: EXCERPT_CHARS * 4].decode("utf-8", "replace")[:EXCERPT_CHARS],
        CHECKED_BODY: checked[:EXCERPT_CHARS],
        REWRITTEN_AS: form,
    }


def _by_digest(parsed: Any, sent: bytes, text: str, sign: Sign | None) -> tuple[str, str] | None:
    """The form whose hash or signature is in the answer."""
    for form, body in _rewritten(parsed):
        encoded = body.encode("utf-8", "surrogatepass")
        if encoded != sent and any(each in text for each in _digests(encoded, sign)):
            return body, form
    return None


def _rewritten(parsed: Any) -> Iterator[tuple[str, str]]:
    for form, options in _FORMS.items():
        for ascii_only in (False, True):
            yield form, json.dumps(parsed, ensure_ascii=ascii_only, **options)


def _digests(body: bytes, sign: Sign | None) -> Iterator[str]:
    digest = hashlib.sha256(body).digest()
    yield digest.hex()
    yield base64.b64encode(digest).decode()
    for signatures in sign(body) if sign is not None else ():
        for each in signatures.split(" "):
            encoded = each.partition(",")[2]
            if encoded:
                yield encoded
                yield base64.b64decode(encoded).hex()


def _by_quote(parsed: Any, sent: bytes, text: str) -> tuple[str, str] | None:
    """A body that the answer quotes, if it also speaks of a signature."""
    if not says_signature(text):
        return None
    ours = sent.decode("utf-8", "replace")
    for quote in _quotes(text):
        if quote == ours:
            continue
        try:
            same = json.loads(quote) == parsed
        except ValueError:
            continue
        if same:
            return quote, _form_of(parsed, quote)
    return None


def _form_of(parsed: Any, quote: str) -> str:
    return next((form for form, body in _rewritten(parsed) if body == quote), "other JSON")


def _quotes(text: str) -> Iterator[str]:
    """JSON in the text, as it stands there, and JSON in its strings."""
    at = -1
    for _ in range(_OBJECTS_MAX):
        at = text.find("{", at + 1)
        if at < 0:
            return
        try:
            value, end = _decoder.raw_decode(text, at)
        except ValueError:
            continue
        yield text[at:end]
        for count, string in enumerate(_strings(value, _DEPTH_MAX)):
            if count >= _STRINGS_MAX:
                break
            if string[:1] in {"{", "["}:
                yield string


def _strings(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each, depth - 1)
