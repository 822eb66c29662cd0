"""A received request, and where in it a value stands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request as the server received it.

    `headers` have names in lower case; `body` is the exact bytes, before any parser; `url` is
    complete, as the sender called it.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Self:
        """A request with header names in any case."""
        return cls(method, url, {name.lower(): value for name, value in headers.items()}, body)

    def query(self) -> dict[str, str]:
        """Parameters of the query; the first of each name."""
        pairs = parse_qsl(urlsplit(self.url).query, keep_blank_values=True)
        return dict(reversed(pairs))

    def json(self) -> Any:
        """The parsed body; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Header:
    """A header, by its name in lower case."""

    name: str

    def read(self, request: WebhookRequest) -> str | None:
        """The value; None if the request lacks it."""
        return request.headers.get(self.name) or None

    def __str__(self) -> str:
        return f"header {self.name}"


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """A parameter of the URL's query."""

    name: str

    def read(self, request: WebhookRequest) -> str | None:
        """The value; None if the request lacks it."""
        return request.query().get(self.name) or None

    def __str__(self) -> str:
        return f"query parameter {self.name}"


@dataclass(frozen=True, slots=True)
class BodyField:
    """A member of the JSON body, by its path."""

    path: tuple[str, ...]

    def __init__(self, *path: str) -> None:
        object.__setattr__(self, "path", path)

    def read(self, request: WebhookRequest) -> str | None:
        """The text or number; None if the body lacks it."""
        return text_at(request.json(), *self.path)

    def __str__(self) -> str:
        return f"member {'.'.join(self.path)} of the body"


type Field = Header | QueryParameter | BodyField


def text_at(value: Any, *path: str) -> str | None:
    """The text or whole number at a path of parsed JSON, as text; None if there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def first_of(fields: tuple[Field, ...], request: WebhookRequest) -> str | None:
    """The first value that the request has at one of these places."""
    return next((value for each in fields if (value := each.read(request)) is not None), None)
