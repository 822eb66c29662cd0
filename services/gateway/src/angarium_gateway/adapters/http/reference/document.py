"""The OpenAPI 3.1 document of the API, made from handlers, docstrings and schemas."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final, get_origin

import msgspec
from angarium_contracts.deliveries import DeliveryStatus
from litestar import Controller, Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.typing import FieldDefinition

from angarium_gateway.adapters.http.entity_tags import IF_MATCH, honours
from angarium_gateway.adapters.http.idempotent_posts import HEADER, KEY_CHARS_MAX
from angarium_gateway.adapters.http.operation_needs import PUBLIC
from angarium_gateway.adapters.http.plain_litestar import PlainLitestar
from angarium_gateway.adapters.http.schemas.attempts import StatusCodeClass
from angarium_gateway.adapters.http.schemas.fields import ApiSchema
from angarium_gateway.adapters.http.schemas.refusals import HttpErrorOut, HTTPValidationError
from angarium_gateway.adapters.http.strict_json import StrictJson

from .code_samples import code_samples
from .errors import error_components, error_responses, public_error_responses
from .request_examples import PATH_EXAMPLES, request_examples, sent_fields
from .response_examples import response_example
from .search_examples import PLAIN_EXAMPLES
from .sections import tags

BEARER: Final = "HTTPBearer"
_SCHEMAS: Final = "#/components/schemas/"
_ANY_TYPE: Final = "*/*"
_SUCCESSES: Final = {
    HTTPStatus(status).description: description
    for status, description in {
        200: "The request succeeded.",
        201: "The object was created.",
        202: "The request was accepted. Delivery goes on in the background.",
        204: "The request succeeded. The response has no body.",
    }.items()
}
"""By the standard description of the status, which says little."""
_IDEMPOTENCY_KEY: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Makes the request safe to repeat: repeats with the same key get the first"
    " response again, for 24 hours unless the operator set another time.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": KEY_CHARS_MAX,
        "pattern": "^[ -~]+$",
    },
}

_IF_MATCH: Final = {
    "name": IF_MATCH,
    "in": "header",
    "required": False,
    "description": "The `ETag` of the object as you read it. If it was changed since, the answer is"
    " `412`, and nothing changes.",
    "schema": {"type": "string", "minLength": 1},
}


class ApiDocument:
    """The document of these controllers, made when it is first read."""

    def __init__(self, controllers: Sequence[type[Controller]], version: str) -> None:
        self._controllers = controllers
        self._version = version
        self.title = "Angarium API"

    @cached_property
    def members(self) -> dict[str, Any]:
        """The document as plain objects."""
        nothing = [Provide(lambda: None, sync_to_thread=False) for _ in range(3)]
        described = PlainLitestar(
            route_handlers=self._controllers,
            dependencies=dict(zip(("api", "caller", "precondition"), nothing, strict=True)),
            dto=StrictJson,
            return_dto=None,
            openapi_config=_config(self.title, self._version),
            logging_config=None,
        )
        document = _finished(
            described.openapi_schema.to_schema(),
            _body_types(described),
            _conditional(described),
            _public(described),
        )
        return document | {"paths": self._in_reading_order(document["paths"])}

    @cached_property
    def json(self) -> bytes:
        """The document as JSON."""
        return msgspec.json.encode(self.members)

    def _in_reading_order(self, paths: dict[str, Any]) -> dict[str, Any]:
        """Order operations as the controllers declare them; Litestar orders paths at random."""
        declared = [
            handler.operation_id
            for controller in self._controllers
            for handler in vars(controller).values()
            if isinstance(handler, HTTPRouteHandler)
        ]
        places = {operation_id: place for place, operation_id in enumerate(declared)}
        ordered = {
            path: dict(sorted(item.items(), key=lambda entry: places[entry[1]["operationId"]]))
            for path, item in paths.items()
        }
        return dict(
            sorted(
                ordered.items(),
                key=lambda entry: places[next(iter(entry[1].values()))["operationId"]],
            )
        )


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every operation with its path and method."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _config(title: str, version: str) -> OpenAPIConfig:
    scheme = SecurityScheme(
        type="http",
        scheme="bearer",
        description="An API key. An operator creates one with `angarium keys create`.",
    )
    return OpenAPIConfig(
        title=title,
        version=version,
        description=(files(__package__) / "introduction.md").read_text(encoding="utf-8"),
        security=[{BEARER: []}],
        components=Components(security_schemes={BEARER: scheme}),
        use_handler_docstrings=True,
    )


def _handlers(described: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in described.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler):
                yield handler


def _conditional(described: Litestar) -> set[str]:
    """Return the operations that honour If-Match."""
    return {str(handler.operation_id) for handler in _handlers(described) if honours(handler)}


def _public(described: Litestar) -> set[str]:
    """Return the operations that need no API key."""
    return {
        str(handler.operation_id) for handler in _handlers(described) if handler.opt.get(PUBLIC)
    }


def _body_types(described: Litestar) -> list[Any]:
    """Return the types of all request and response bodies, and those of parameters that no body
    has."""
    further = (DeliveryStatus, StatusCodeClass, HttpErrorOut, HTTPValidationError)
    found: dict[Any, None] = dict.fromkeys(further)
    for handler in _handlers(described):
        for field in (handler.parsed_data_field, handler.parsed_return_field):
            found.update(dict.fromkeys(_schema_types(field)))
    return list(found)


def _schema_types(field: FieldDefinition | None) -> Iterator[Any]:
    if field is None:
        return
    kind = get_origin(field.annotation) or field.annotation
    if isinstance(kind, type) and issubclass(kind, ApiSchema):
        yield field.annotation
        return
    for inner in field.inner_types:
        yield from _schema_types(inner)


def _finished(
    document: dict[str, Any], bodies: list[Any], conditional: set[str], public: set[str]
) -> dict[str, Any]:
    """Add what Litestar does not know: exact schemas, errors, examples, samples and sections."""
    _, schemas = msgspec.json.schema_components(bodies, ref_template=_SCHEMAS + "{name}")
    document["components"]["schemas"] = {
        name: _with_nulls(schema) for name, schema in sorted(schemas.items())
    }
    document["components"]["responses"] = error_components(_SCHEMAS)
    document["tags"] = tags()
    document = _with_plain_names(document)
    examples = request_examples()
    for path, method, operation in operations_of(document):
        if operation["operationId"] in conditional:
            operation["parameters"].append(_IF_MATCH)
        is_public = operation["operationId"] in public
        _finish_operation(operation, path, method, examples, public=is_public)
    return document


def _with_nulls(schema: dict[str, Any]) -> dict[str, Any]:
    """Show that a request may have `null` in every member that it may leave out."""
    if schema.get("additionalProperties") is not False:
        return schema
    required = schema.get("required", ())
    members = {
        name: member if name in required else _nullable(member)
        for name, member in schema["properties"].items()
    }
    return schema | {"properties": members}


def _nullable(member: dict[str, Any]) -> dict[str, Any]:
    kinds = [each.get("type") for each in member.get("anyOf", ())]
    if "null" in kinds or not member:
        return member
    outer = {name: member[name] for name in ("description", "default") if name in member}
    inner = {name: value for name, value in member.items() if name not in outer}
    return outer | {"anyOf": [*inner.pop("anyOf", [inner]), {"type": "null"}]}


def _finish_operation(
    operation: dict[str, Any],
    path: str,
    method: str,
    examples: dict[str, dict[str, ApiSchema]],
    *,
    public: bool,
) -> None:
    operation["responses"].pop("400", None)
    if public:
        operation["security"] = []
        operation["responses"] |= public_error_responses(operation)
    else:
        operation["responses"] |= error_responses(operation, path, method)
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["example"] = PATH_EXAMPLES[parameter["name"]]
    if method == "post" and not public:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    bodies = _add_request_examples(operation, examples)
    _describe_responses(operation)
    operation["x-codeSamples"] = code_samples(
        path, method, operation["operationId"], bodies, public=public
    )


def _add_request_examples(
    operation: dict[str, Any], examples: dict[str, dict[str, ApiSchema]]
) -> dict[str, ApiSchema]:
    found: dict[str, ApiSchema] = {}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        found = examples[_schema_name(content)]
        content["examples"] = {name: {"value": sent_fields(body)} for name, body in found.items()}
    return found


def _describe_responses(operation: dict[str, Any]) -> None:
    for response in operation["responses"].values():
        if "description" in response:
            described = response["description"]
            response["description"] = _SUCCESSES.get(described, described)
        for media_type, content in response.get("content", {}).items():
            if media_type in PLAIN_EXAMPLES:
                content["example"] = PLAIN_EXAMPLES[media_type]
                if media_type == _ANY_TYPE:
                    content["schema"] = {}
                continue
            example = response_example(_schema_name(content))
            if example is not None:
                content["example"] = example


def _schema_name(content: dict[str, Any]) -> str:
    schema = content["schema"]
    first = schema.get("oneOf", [schema])[0]
    return str(first.get("$ref", "")).removeprefix(_SCHEMAS)


def _with_plain_names(document: dict[str, Any]) -> dict[str, Any]:
    text = msgspec.json.encode(document).decode()
    # Litestar names a generic's argument by its module, msgspec (and Svix) plainly.
    text = re.sub(r"ListResponse_[\w.]*\.(\w+_)", r"ListResponse_\1", text)
    # Only Python's regular expressions need this after `$`.
    text = text.replace(r"$(?!\\n)", "$")
    plain: dict[str, Any] = msgspec.json.decode(text)
    return plain
