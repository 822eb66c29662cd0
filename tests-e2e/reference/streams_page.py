"""The page about the streams, made of their contracts."""

import json
from collections.abc import Iterable

import msgspec
from angarium_contracts.contract import Contract, Part
from msgspec import inspect

from .stream_contracts import STREAMS, Stream, answers, contracts, other_keys, tag, text
from .stream_examples import examples

_HEAD = """\
<!-- Written by `make reference`. -->
# Streams

The three services communicate over streams of Redis or Valkey. This page is for debugging, and for
work on Angarium: the streams are no public API. The same is an
[AsyncAPI 3.0 document](streams.asyncapi.json), with an example of every contract.

An entry has one field, `__data__`: the contract in MessagePack, as a map whose member `type` is its
name and version. Below, entries are shown in JSON: `bytes`, such as ids of 16 bytes, are in Base64.
Members with their default are left out. Within a version, members are only added, with a default.

What a reader cannot decode, or fails to process five times, goes to the stream
`quarantine:<service>`, with its reason and its bytes; see
[Handle entries in quarantine](../how-to/operate.md#handle-entries-in-quarantine).

"""
_NAMES: dict[type[inspect.Type], str] = {
    inspect.BytesType: "bytes",
    inspect.StrType: "string",
    inspect.BoolType: "boolean",
    inspect.IntType: "integer",
    inspect.FloatType: "number",
    inspect.NoneType: "null",
    inspect.RawType: "a contract",
    inspect.DateTimeType: "time",
    inspect.AnyType: "any",
}


def streams_page() -> str:
    """The page in Markdown."""
    parts = [_HEAD, _overview()]
    parts += [_stream(each) for each in STREAMS]
    parts.append("## Answers\n\nThe body of a [reply](#replies), or of its `problem/1`.\n\n")
    parts += [_contract(each, "###") for each in answers()]
    parts.append(_other_keys())
    parts.append("## Parts\n\nWhat stands inside the contracts above.\n\n")
    parts += [_contract(each, "###") for each in _parts()]
    return "".join(parts).rstrip() + "\n"


def _overview() -> str:
    columns = "stream", "written by", "read by", "consumer group", "entries are kept"
    rows = [columns, ("---",) * len(columns)]
    for each in STREAMS:
        link = f"[`{each.address}`](#{each.name.lower()})"
        group = f"`{each.group}`" if each.group else "none"
        rows.append((link, ", ".join(each.writers), ", ".join(each.readers), group, each.kept))
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    without = (
        "Without a consumer group, every process of the service reads all entries, or only the one"
        " that the name has."
    )
    return f"{table}\n\n{without}\n\n"


def _other_keys() -> str:
    rows = "\n".join(
        f"| `{name}` | {' '.join(said.replace('`PROCESSES`', '`angarium.processes`').split())} |"
        for name, said in other_keys().items()
    )
    return f"## Other keys\n\n| key | meaning |\n|---|---|\n{rows}\n\n"


def _stream(stream: Stream) -> str:
    lines = [f"## `{stream.address}` {{ #{stream.name.lower()} }}\n\n"]
    if stream.parameter:
        name, meaning, value = stream.parameter
        one = stream.address.replace(f"{{{name}}}", value)
        lines.append(f"`{{{name}}}`: {meaning} Example: `{one}`.\n\n")
    lines.append(_contract(stream.contract, ""))
    shown = json.dumps(next(iter(examples(stream).values())), indent=2)
    lines.append(f"```json\n{shown}\n```\n\n")
    lines += [_contract(question, "###") for question in stream.questions]
    return "".join(lines)


def _contract(kind: type[msgspec.Struct], heading: str) -> str:
    name = tag(kind) if issubclass(kind, Contract) else kind.__name__
    title = f"{heading} `{name}`\n\n" if heading else f"Each entry is a `{name}`.\n\n"
    said = text(kind)
    table = _fields(kind)
    return title + (f"{said}\n\n" if said else "") + table


def _fields(kind: type[msgspec.Struct]) -> str:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    if not info.fields:
        return ""
    rows = [
        f"| `{field.encode_name}` | {_type(field.type)} | {_default(field)} |"
        for field in info.fields
    ]
    return "| member | type | default |\n|---|---|---|\n" + "\n".join(rows) + "\n\n"


def _default(field: inspect.Field) -> str:
    if field.required:
        return "required"
    value = field.default
    if value is msgspec.NODEFAULT:
        return "empty"
    return f"`{json.dumps(msgspec.to_builtins(value))}`"


def _type(kind: inspect.Type) -> str:
    match kind:
        case inspect.StructType(cls=cls):
            return f"[{cls.__name__}](#{cls.__name__.lower()})"
        case inspect.VarTupleType(item_type=item):
            return f"list of {_type(item)}"
        case inspect.TupleType(item_types=items):
            return f"pair of {' and '.join(_type(item) for item in items)}"
        case inspect.DictType(key_type=key, value_type=value):
            return f"map of {_type(key)} to {_type(value)}"
        case inspect.UnionType(types=types):
            return " or ".join(_type(each) for each in types)
        case inspect.EnumType(cls=cls):
            return " or ".join(f"`{member.value}`" for member in cls)
        case inspect.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in values)
        case inspect.CustomType():
            return "absent"
        case _:
            return _NAMES[type(kind)]


def _parts() -> list[type[Part]]:
    """All parts of contracts, by name."""
    _, schemas = msgspec.json.schema_components(contracts().values())
    found = {each.__name__: each for each in _derived(Part) if each.__name__ in schemas}
    return [found[name] for name in sorted(found)]


def _derived(kind: type[Part]) -> Iterable[type[Part]]:
    for each in kind.__subclasses__():
        yield each
        yield from _derived(each)
