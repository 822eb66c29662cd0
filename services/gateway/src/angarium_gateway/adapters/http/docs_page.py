"""The API reference as one plain HTML page: no script, no asset, nothing from elsewhere."""

from collections.abc import Iterable
from html import escape
from itertools import groupby
from typing import Any, Final

from .api_document import operations_of

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem; }
nav ul, main ul { padding-left: 1.2rem; }
nav { columns: 18rem; border-bottom: 1px solid var(--line); padding-bottom: 1rem; }
nav section { break-inside: avoid; }
nav h2 { font-size: 1rem; margin: .5rem 0 0; }
article { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0;
  padding: 0 1rem 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { border-bottom: 1px solid var(--line); padding: .25rem .75rem .25rem 0; text-align: left;
  vertical-align: top; }
code { background: var(--soft); border-radius: .25rem; font: .875em ui-monospace, monospace;
  overflow-wrap: anywhere; padding: .1em .3em; }
.method { font-weight: 700; text-transform: uppercase; }
"""


def render_page(document: dict[str, Any]) -> str:
    """The page of an OpenAPI document whose schemas are all among its components."""
    info = document["info"]
    by_tag = sorted(operations_of(document), key=lambda item: item[2]["tags"][0])
    groups = [(tag, list(items)) for tag, items in groupby(by_tag, key=lambda it: it[2]["tags"][0])]
    schemas: dict[str, Any] = document["components"]["schemas"]
    links = "".join(_links(tag, items) for tag, items in groups)
    sections = "".join(
        f"<h2>{escape(tag)}</h2>" + "".join(_operation(*item) for item in items)
        for tag, items in groups
    )
    shapes = "".join(_shape(name, schema) for name, schema in schemas.items())
    title = escape(f"{info['title']} {info['version']}")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{title}</h1><p>{escape(info['description'])}</p>"
        "<p>Every request needs the header <code>Authorization: Bearer &lt;API key&gt;</code>. The"
        ' same in OpenAPI 3.1: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>'
        f"<nav>{links}</nav><main>{sections}<h2>Schemas</h2>{shapes}</main></body></html>"
    )


def _links(tag: str, items: Iterable[tuple[str, str, dict[str, Any]]]) -> str:
    entries = "".join(
        f'<li><a href="#{escape(operation["operationId"])}">{escape(operation["summary"])}</a></li>'
        for _, _, operation in items
    )
    return f"<section><h2>{escape(tag)}</h2><ul>{entries}</ul></section>"


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    parameters = "".join(_parameter(item) for item in operation.get("parameters", []))
    body = operation.get("requestBody", {}).get("content", {})
    takes = "".join(f"<p>Body: {_type(item['schema'])}</p>" for item in body.values())
    answers = "".join(
        _answer(status, answer) for status, answer in sorted(operation["responses"].items())
    )
    return (
        f'<article id="{escape(operation["operationId"])}">'
        f"<h3>{escape(operation['summary'])}</h3>"
        f'<p><code><span class="method">{escape(method)}</span> {escape(path)}</code></p>'
        + (f"<table>{_head('Parameter', 'In')}{parameters}</table>" if parameters else "")
        + f"{takes}<table>{_head('Status', 'Body')}{answers}</table></article>"
    )


def _head(*names: str) -> str:
    cells = "".join(f"<th>{name}</th>" for name in (*names, "Meaning"))
    return f"<tr>{cells}</tr>"


def _parameter(item: dict[str, Any]) -> str:
    needed = "" if item.get("required") else " (optional)"
    return (
        f"<tr><td><code>{escape(item['name'])}</code></td><td>{escape(item['in'])}{needed}</td>"
        f"<td>{_type(item['schema'])} {escape(item.get('description', ''))}</td></tr>"
    )


def _answer(status: str, answer: dict[str, Any]) -> str:
    content = answer.get("content", {}).values()
    types = " ".join(_type(item["schema"]) for item in content if "schema" in item)
    return (
        f"<tr><td>{escape(status)}</td><td>{types}</td>"
        f"<td>{escape(answer['description'])}</td></tr>"
    )


def _shape(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    members = "".join(
        f"<tr><td><code>{escape(member)}</code></td>"
        f"<td>{'yes' if member in required else 'no'}</td>"
        f"<td>{_type(item)} {escape(_meaning(item))}</td></tr>"
        for member, item in schema.get("properties", {}).items()
    )
    table = f"<table>{_head('Member', 'Required')}{members}</table>" if members else _type(schema)
    return (
        f'<article id="schema-{escape(name)}"><h3>{escape(name)}</h3>'
        f"<p>{escape(schema.get('description', ''))}</p>{table}</article>"
    )


def _meaning(schema: dict[str, Any]) -> str:
    """A schema's description; that of an optional value stands with the value."""
    inner = (item.get("description", "") for item in schema.get("anyOf", ()))
    return str(schema.get("description") or " ".join(filter(None, inner)))


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words; components as links."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(_type(item) for item in schema[union])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    limits = ", ".join(
        f"{words} {escape(str(schema[key]))}" for key, words in _LIMITS.items() if key in schema
    )
    return f"<code>{escape(str(schema.get('type', 'any')))}</code>" + (
        f" ({limits})" if limits else ""
    )


_LIMITS: Final = {
    "format": "as",
    "minimum": "from",
    "maximum": "to",
    "minLength": "at least",
    "maxLength": "at most",
    "pattern": "matches",
    "default": "default",
}
