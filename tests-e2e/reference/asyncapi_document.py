"""The streams as an AsyncAPI 3.0 document."""

from typing import Any

import msgspec

from .stream_contracts import STREAMS, Stream, answers, contracts, tag, text
from .stream_examples import examples

_SCHEMAS = "#/components/schemas/"
_DESCRIPTION = """\
Streams of Redis or Valkey that connect the services of one installation. They are no public \
API: use the HTTP API to post messages and to read what became of them.

An entry has one field, `__data__`: the contract in MessagePack, as a map whose member `type` is \
its name and version, `name/version`. Schemas and examples show the same map in JSON, where \
binary members, such as ids of 16 bytes, are strings in Base64. Members with their default are \
left out.

Within a version, members are only added, with a default. What a reader cannot decode, or fails to \
process five times, goes to the stream `quarantine:<service>` with its bytes."""


def asyncapi_document() -> dict[str, Any]:
    """The document, as JSON values."""
    kinds = contracts()
    _, schemas = msgspec.json.schema_components(kinds.values(), ref_template=f"{_SCHEMAS}{{name}}")
    for stream in STREAMS:
        if stream.questions:
            schemas[_envelope(stream)] = _with_body(stream, schemas, stream.questions)
        elif stream.contract.__name__ == "Reply":
            schemas["Reply"] = _with_body(stream, schemas, tuple(answers()))
    schemas.pop("Query")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Angarium's streams",
            "version": "1",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/msgpack",
        "channels": {stream.name: _channel(stream) for stream in STREAMS},
        "operations": {
            f"{service}{'Sends' if action == 'send' else 'Receives'}{_capital(stream.name)}": (
                _operation(stream, service, action)
            )
            for stream in STREAMS
            for action, services in (("send", stream.writers), ("receive", stream.readers))
            for service in services
        },
        "components": {
            "messages": {_envelope(stream): _message(stream) for stream in STREAMS},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _envelope(stream: Stream) -> str:
    """The name of a stream's message: that of its contract, but queries differ in their bodies."""
    name = str(stream.contract.__name__)
    return _capital(stream.name).removesuffix("Queries") + name if stream.questions else name


def _with_body(
    stream: Stream, schemas: dict[str, Any], bodies: tuple[type[msgspec.Struct], ...]
) -> dict[str, Any]:
    envelope = schemas[stream.contract.__name__]
    body = {"oneOf": [{"$ref": f"{_SCHEMAS}{each.__name__}"} for each in bodies]}
    properties = {**envelope["properties"], "body": body}
    return {**envelope, "title": _envelope(stream), "properties": properties}


def _channel(stream: Stream) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": stream.address,
        "description": f"From {_listed(stream.writers)} to {_listed(stream.readers)}."
        f" Entries are kept {stream.kept}.",
        "messages": {
            _envelope(stream): {"$ref": f"#/components/messages/{_envelope(stream)}"},
        },
        "x-kept": stream.kept,
    }
    if stream.parameter:
        name, description, value = stream.parameter
        channel["parameters"] = {name: {"description": description, "examples": [value]}}
    if stream.group:
        channel["x-consumer-group"] = stream.group
    return channel


def _operation(stream: Stream, service: str, action: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{stream.name}"},
        "messages": [{"$ref": f"#/channels/{stream.name}/messages/{_envelope(stream)}"}],
        "tags": [{"name": service}],
    }
    if stream.questions:
        operation["reply"] = {
            "address": {"location": "$message.payload#/reply_to"},
            "channel": {"$ref": "#/channels/replies"},
        }
    return operation


def _message(stream: Stream) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": tag(stream.contract),
        "title": _envelope(stream),
        "description": text(stream.contract),
        "payload": {"$ref": f"{_SCHEMAS}{_envelope(stream)}"},
        "examples": [{"name": name, "payload": each} for name, each in examples(stream).items()],
    }
    if stream.contract.__name__ in ("Query", "Reply"):
        message["correlationId"] = {"location": "$message.payload#/correlation_id"}
    return message


def _listed(services: tuple[str, ...]) -> str:
    *before, last = services
    return f"{', '.join(before)} and {last}" if before else last
