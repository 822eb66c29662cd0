"""The schemas of the catalog, of which types are made."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from angarium_webhooks.schema_versions import newest_version

from angarium_cli.failure import CommandFailed

if TYPE_CHECKING:
    # Help must not wait for the HTTP client.
    from angarium_cli.client.api_client import ApiClient

_PAGE: Final = 250
_WORD: Final = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class EventSchema:
    """An event type with the newest version of its schema; None if it has none."""

    event_type: str
    schema: Mapping[str, Any] | None

    @property
    def class_name(self) -> str:
        """The name of its type: `InvoicePaid` of `invoice.paid`."""
        words = [each[0].upper() + each[1:] for each in _WORD.findall(self.event_type)]
        name = "".join(words)
        return f"Event{name}" if not name or name[0].isdigit() else name

    @property
    def module_name(self) -> str:
        """The name of its module: `invoice_paid` of `invoice.paid`."""
        name = "_".join(_WORD.findall(self.event_type)).lower()
        return f"event_{name}" if not name or name[0].isdigit() else name


def read_catalog(api: "ApiClient") -> list[EventSchema]:
    """The event types that are not archived, by name. Raises CommandFailed."""
    found = [
        EventSchema(item["name"], _newest(item.get("schemas")))
        for item in _items(api)
        if not item.get("archived")
    ]
    check_names(found)
    return sorted(found, key=lambda each: each.event_type)


def check_names(catalog: Sequence[EventSchema]) -> None:
    """Refuse two event types whose types would have one name, and schemas that are not complete.
    Raises CommandFailed."""
    by_name: dict[str, str] = {}
    for each in catalog:
        other = by_name.setdefault(each.module_name, each.event_type)
        if other != each.event_type:
            raise CommandFailed(
                f"the event types {other} and {each.event_type} would both become"
                f" {each.class_name}; archive or rename one of them"
            )
        for reference in _references(each.schema):
            if not reference.startswith("#"):
                raise CommandFailed(
                    f"the schema of {each.event_type} refers to {reference}; move that into its"
                    " $defs"
                )


def _items(api: "ApiClient") -> Iterator[Mapping[str, Any]]:
    query: dict[str, str | int | bool] = {"limit": _PAGE, "with_content": True}
    while True:
        page = api.get("/api/v1/event-type", **query)
        yield from page["data"]
        if page["done"]:
            return
        query["iterator"] = page["iterator"]


def _newest(schemas: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    version = newest_version(schemas or ())
    schema = None if schemas is None or version is None else schemas[version]
    return schema if isinstance(schema, dict) else None


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
