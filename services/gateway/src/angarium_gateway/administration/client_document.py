"""The OpenAPI document cut down to what a generator of client types reads.

`make api-document` writes it for the console and the portal, whose types are made of it.
"""

import json
import sys
from typing import Any, Final

from angarium_gateway.adapters.http.application import api_document

_PROSE: Final = frozenset({"description", "summary", "examples", "example", "tags", "security"})
_OPERATION_MEMBERS: Final = frozenset({"operationId", "parameters", "requestBody", "responses"})
_METHODS: Final = frozenset({"get", "put", "post", "patch", "delete"})


def client_document() -> str:
    """Return the document as JSON with sorted members, one to a line, without texts."""
    document = api_document().members
    cut = {
        "openapi": document["openapi"],
        "info": {"title": document["info"]["title"], "version": "1"},
        "paths": {path: _operations(item) for path, item in document["paths"].items()},
        "components": {"schemas": _schemas(document["components"]["schemas"])},
    }
    return json.dumps(cut, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _operations(item: dict[str, Any]) -> dict[str, Any]:
    return {
        method: {
            name: _without_prose(value)
            for name, value in operation.items()
            if name in _OPERATION_MEMBERS
        }
        | {"responses": _successes(operation["responses"])}
        for method, operation in item.items()
        if method in _METHODS
    }


def _successes(responses: dict[str, Any]) -> dict[str, Any]:
    """The answers of 2xx: all refusals have the same shape."""
    return {
        status: {"description": ""} | _without_prose(response)
        for status, response in responses.items()
        if status.startswith("2")
    }


def _schemas(schemas: dict[str, Any]) -> dict[str, Any]:
    return {name: _without_prose(schema) for name, schema in schemas.items()}


def _without_prose(value: Any, *, named: bool = False) -> Any:
    """`named`: the members are names of users' own, such as a property called `description`."""
    if isinstance(value, dict):
        return {
            name: _without_prose(member, named=name == "properties" and not named)
            for name, member in value.items()
            if named or not (name in _PROSE or name.startswith("x-"))
        }
    if isinstance(value, list):
        return [_without_prose(member) for member in value]
    return value


if __name__ == "__main__":
    sys.stdout.write(client_document())
