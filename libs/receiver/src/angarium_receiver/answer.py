"""Answers to the sender."""

import json
from dataclasses import dataclass
from typing import Any, Self

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of a response. A handler may return one, where the sender reads it."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"

    @classmethod
    def json(cls, value: Any, status: int = 200) -> Self:
        """An answer with a JSON body."""
        return cls(status, json.dumps(value, separators=(",", ":")).encode(), JSON_TYPE)


OK = Answer(200)
NO_CONTENT = Answer(204)
