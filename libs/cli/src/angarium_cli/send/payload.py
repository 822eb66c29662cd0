"""The payload of a message, as it is written on a command line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from angarium_cli.client.text_input import read_bytes
from angarium_cli.failure import CommandFailed


def payload_of(words: Sequence[str]) -> dict[str, Any]:
    """The payload of `FILE`, `-` or `key=value …`; empty without any.

    Raises CommandFailed for a file that is no JSON object.
    """
    if len(words) == 1 and "=" not in words[0]:
        return _read(Path(words[0]))
    return assigned({}, words)


def assigned(payload: dict[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """A copy of a payload with the members that `key=value` words set.

    A value is JSON, or else text: `5` is a number, `"5"` and `five` are texts. Dots in a key lead
    into objects: `customer.name=Ada`. Raises CommandFailed.
    """
    found: dict[str, Any] = json.loads(json.dumps(payload))
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or not all(key.split(".")):
            raise CommandFailed(
                f"{word[:40]!r} is not key=value; give one file, -, or key=value words"
            )
        *path, last = key.split(".")
        inner = found
        for name in path:
            inner = inner.setdefault(name, {})
            if not isinstance(inner, dict):
                raise CommandFailed(f"{key} leads into {name}, which is no object")
        inner[last] = _value(value)
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_bytes(path))
    except ValueError as error:
        raise CommandFailed(f"{path} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise CommandFailed(f"{path} is no JSON object; a payload is one")
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
