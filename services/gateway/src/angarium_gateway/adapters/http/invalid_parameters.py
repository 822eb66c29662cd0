"""Answers for parameters that Litestar refused: which one, and what to send instead."""

from enum import Enum
from typing import Any, Final, get_args

from litestar import Request, Response
from litestar.exceptions import ValidationException
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition
from msgspec import inspect

from .parameters import NOT_A_TIME, TIME_PATTERN
from .problems import Fault, invalid, response_of
from .query_parameters import is_path, parameters_of
from .schemas.fields import NAME_PATTERN
from .value_sentences import bad_length, one_of, out_of_range

_BODY_MISSING: Final = Fault(
    ("body",), "The body is missing. Send a JSON object.", "value_error.missing"
)


def on_invalid_parameters(
    request: Request[Any, Any, Any], error: ValidationException
) -> Response[bytes]:
    """Answer a request whose parameters Litestar refused."""
    items = error.extra if isinstance(error.extra, list) else []
    known = parameters_of(request.scope["route_handler"])  # type: ignore[arg-type]
    faults = [_fault(str(item.get("key", "")), known) for item in items if isinstance(item, dict)]
    unknown = Fault(("query",), "A parameter is not as /docs describes it. Correct it.")
    return response_of(invalid(*faults or [unknown]))


def _fault(name: str, known: dict[str, FieldDefinition]) -> Fault:
    if name == "data":
        return _BODY_MISSING
    field = known.get(name)
    if field is None:
        return Fault(("query", name), f"`{name}` is not as /docs describes it. Correct it.")
    return Fault(("path" if is_path(field) else "query", name), _sentence(name, field))


def _sentence(name: str, field: FieldDefinition) -> str:
    limits = field.kwarg_definition
    allowed = _allowed(field)
    if allowed:
        return one_of(name, allowed)
    if not isinstance(limits, ParameterKwarg):
        return f"`{name}` is not as /docs describes it. Correct it."
    if _has_type(field, bool):
        return f"`{name}` must be `true` or `false`."
    if _has_type(field, int):
        bounds = inspect.IntType(ge=_int(limits.ge), le=_int(limits.le))
        return out_of_range(name, bounds).replace("must be", "must be a whole number,", 1)
    if limits.pattern == TIME_PATTERN:
        return NOT_A_TIME
    if limits.pattern == NAME_PATTERN:
        return (
            f"`{name}` must have 1 to {limits.max_length} letters (A to Z, a to z), digits, `-`,"
            " `_` or `.`."
        )
    return bad_length(name, limits.min_length, limits.max_length, "characters")


def _allowed(field: FieldDefinition) -> list[Any]:
    """The values of an enumeration or a literal."""
    found: list[Any] = []
    for each in (field, *field.inner_types):
        if each.is_literal:
            found += get_args(each.annotation)
        elif isinstance(each.annotation, type) and issubclass(each.annotation, Enum):
            found += [member.value for member in each.annotation]
    return found


def _has_type(field: FieldDefinition, kind: type) -> bool:
    return any(each.annotation is kind for each in (field, *field.inner_types))


def _int(bound: float | None) -> int | None:
    return None if bound is None else int(bound)
