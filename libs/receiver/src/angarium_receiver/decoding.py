"""Payloads as the type that a handler's annotation names."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any, get_origin

from .errors import MissingDependency, ReceiverError


class PayloadMismatch(ReceiverError):
    """The payload of a verified event does not fit the type of its handler."""


type Decode = Callable[[Any], Any]
"""Turns parsed JSON into the type. Raises PayloadMismatch."""


def decoder_of(annotation: Any) -> Decode:
    """The decoder of an annotation: a Struct of msgspec, a model of pydantic, a dataclass, or what
    JSON itself has. Raises TypeError for others, MissingDependency for a dataclass without either.
    """
    if annotation is Any or annotation is object:
        return lambda value: value
    if annotation in {dict, list, str, int, float, bool} or get_origin(annotation) in {dict, list}:
        return _plain(get_origin(annotation) or annotation)
    if hasattr(annotation, "__struct_fields__"):
        return _msgspec(annotation)
    if hasattr(annotation, "model_validate"):
        return _pydantic(annotation)
    if dataclasses.is_dataclass(annotation):
        return _dataclass(annotation)
    raise TypeError(
        f"{annotation!r} is no type of a payload: use a msgspec Struct, a pydantic model, a"
        " dataclass, dict or Any"
    )


def payload_at(body: Any, path: tuple[str, ...]) -> Any:
    """The member of a parsed body that is the payload. Raises PayloadMismatch."""
    value = body
    for name in path:
        if not isinstance(value, dict) or name not in value:
            raise PayloadMismatch(f"The body has no member {'.'.join(path)}.")
        value = value[name]
    return value


def parse(body: bytes) -> Any:
    """The parsed body. Raises PayloadMismatch."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadMismatch("The body is not JSON.") from error


def _plain(kind: type) -> Decode:
    def decode(value: Any) -> Any:
        if not isinstance(value, kind):
            raise PayloadMismatch(f"The payload is no {kind.__name__}.")
        return value

    return decode


def _msgspec(annotation: Any) -> Decode:
    import msgspec

    def decode(value: Any) -> Any:
        try:
            return msgspec.convert(value, annotation)
        except msgspec.ValidationError as error:
            raise PayloadMismatch(str(error)) from error

    return decode


def _pydantic(annotation: Any) -> Decode:
    import pydantic

    def decode(value: Any) -> Any:
        try:
            return annotation.model_validate(value)
        except pydantic.ValidationError as error:
            raise PayloadMismatch(_without_values(error)) from error

    return decode


def _without_values(error: Any) -> str:
    """The faults, without what was received: it may be personal data."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in faults)


def _dataclass(annotation: Any) -> Decode:
    try:
        return _msgspec(annotation)
    except ImportError:
        pass
    try:
        import pydantic
    except ImportError as error:
        raise MissingDependency(
            "Payloads become dataclasses with msgspec or pydantic: install one of them."
        ) from error
    adapter = pydantic.TypeAdapter(annotation)

    def decode(value: Any) -> Any:
        try:
            return adapter.validate_python(value)
        except pydantic.ValidationError as error:
            raise PayloadMismatch(_without_values(error)) from error

    return decode
