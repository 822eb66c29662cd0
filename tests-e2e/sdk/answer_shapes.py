"""Checks answers of the API against the published interface of the Svix API.

svix-openapi.json is OpenAPI 3.0. Only the schema words that its answers use are known here; any
other is an error, so that nothing goes unchecked.
"""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

_DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parent / "svix-openapi.json").read_bytes())
_METHODS = ("get", "post", "put", "patch", "delete", "head")
_NOTES = {"description", "example", "title", "default", "x-enum-varnames"}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
_PROBLEM = {"$ref": "#/components/schemas/HttpErrorOut"}


class WrongShape(AssertionError):
    """An answer is not what the document says."""


def operation_of(method: str, path: str) -> tuple[str, dict[str, Any]]:
    """The operation that a request means: its id and its part of the document."""
    path = path.rstrip("/")
    for template, operations in _DOCUMENT["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template.rstrip("/"))
        operation = operations.get(method.lower()) if method.lower() in _METHODS else None
        if operation is not None and re.fullmatch(pattern, path):
            return str(operation["operationId"]), operation
    raise WrongShape(f"the document has no {method} {path}")


def check_answer(response: httpx.Response) -> str:
    """Raise WrongShape unless status and body are as documented; gives the operation's id.

    Refusals that the document does not list still have its error's shape.
    """
    request = response.request
    operation_id, operation = operation_of(request.method, request.url.path)
    documented = operation["responses"].get(str(response.status_code))
    if response.status_code == 204 and not any(each[0] == "2" for each in operation["responses"]):
        # The document lists no success of the operations that delete content.
        documented = {}
    where = f"{operation_id} answered {response.status_code}"
    if documented is None and response.status_code < 400:
        raise WrongShape(f"{where}, which is not documented")
    schema = _PROBLEM if documented is None else _schema(documented)
    if schema is None:
        if response.content:
            raise WrongShape(f"{where} with a body")
        return operation_id
    wanted = "application/problem+json" if response.status_code >= 400 else "application/json"
    if response.headers["content-type"].partition(";")[0] != wanted:
        raise WrongShape(f"{where} as {response.headers['content-type']}, not {wanted}")
    check(response.json(), schema, where)
    return operation_id


def check(value: Any, schema: dict[str, Any], where: str) -> None:
    """Raise WrongShape unless `value` is as `schema` says."""
    if "$ref" in schema:
        schema = _DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if value is None and schema.get("nullable"):
        return
    for word, wanted in schema.items():
        if word not in _NOTES:
            _require(_holds(word, wanted, value, schema, where), where, word, wanted, value)


def _schema(documented: dict[str, Any]) -> dict[str, Any] | None:
    content = documented.get("content")
    if not content:
        return None
    schema: dict[str, Any] = content["application/json"]["schema"]
    return schema


def _require(holds: bool, where: str, word: str, wanted: Any, value: Any) -> None:
    if not holds:
        raise WrongShape(f"{where}: {word} {wanted!r} does not hold for {value!r}")


def _holds(word: str, wanted: Any, value: Any, schema: dict[str, Any], where: str) -> bool:  # noqa: C901 - one case a word
    match word:
        case "type":
            is_bool = isinstance(value, bool)
            return isinstance(value, _TYPES[wanted]) and is_bool == (wanted == "boolean")
        case "properties":
            for name in wanted.keys() & value.keys():
                check(value[name], wanted[name], f"{where}.{name}")
        case "additionalProperties":
            for name in value.keys() - schema.get("properties", {}).keys():
                check(value[name], wanted, f"{where}.{name}")
        case "items":
            for index, item in enumerate(value):
                check(item, wanted, f"{where}[{index}]")
        case "required":
            return set(wanted) <= set(value)
        case "enum":
            return any(value == one for one in wanted)
        case "pattern":
            return re.search(wanted, value) is not None
        case "minLength" | "minItems":
            return len(value) >= int(wanted)
        case "maxLength" | "maxItems":
            return len(value) <= int(wanted)
        case "minimum":
            return bool(value >= wanted)
        case "uniqueItems":
            return len(set(value)) == len(value)
        case "format":
            return _has_format(wanted, value)
        case "nullable":
            pass
        case _:
            raise WrongShape(f"{where}: this check does not know the word {word}")
    return True


def _has_format(name: str, value: Any) -> bool:
    match name:
        case "date-time":
            return datetime.fromisoformat(value).tzinfo is not None and "T" in value
        case "uri":
            return bool(httpx.URL(value).is_absolute_url)
        case "int16":
            return int(value) in range(-(2**15), 2**15)
        case "uint16":
            return int(value) in range(2**16)
        case "int64":
            return int(value) in range(-(2**63), 2**63)
    raise WrongShape(f"this check does not know the format {name}")
