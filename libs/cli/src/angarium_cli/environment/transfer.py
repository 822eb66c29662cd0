"""Exports and imports of any size, in requests that are small enough."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from angarium_cli.client.api_client import ApiClient
from angarium_cli.failure import CommandFailed

type Document = dict[str, Any]
type Change = Mapping[str, Any]

REQUEST_BYTES_MAX: Final = 512 * 1024
"""Half of what a gateway accepts by default."""
EXPORTS_MAX: Final = 100_000
_EXPORT: Final = "/api/v1/environment/export"
_IMPORT: Final = "/api/v1/environment/import"
_POSITION: Final = ("iterator", "done")


def export_document(api: ApiClient, passphrase: str | None = None) -> Document:
    """The whole configuration as one document. Raises CommandFailed."""
    secrets: Document = {} if passphrase is None else {"secretsPassphrase": passphrase}
    document = api.post(_EXPORT, secrets)
    if passphrase is not None:
        secrets["sealing"] = document["sealing"]
    page = document
    for _ in range(EXPORTS_MAX):
        if page["done"]:
            return {name: value for name, value in document.items() if name not in _POSITION}
        page = api.post(_EXPORT, secrets | {"iterator": page["iterator"]})
        for name in _PAGED:
            if name in page:
                document[name] = document.get(name, []) + page[name]
    raise CommandFailed("the export does not end; ask the operator of the platform", exit_status=1)


def import_document(
    api: ApiClient, document: Document, passphrase: str | None = None, *, dry_run: bool
) -> Iterator[Change]:
    """Compare or import, part by part; gives what changes. Raises CommandFailed."""
    asked: Document = {"dryRun": dry_run, "sealing": document.get("sealing")}
    if passphrase is not None:
        asked["secretsPassphrase"] = passphrase
    for part in parts_of(document):
        yield from api.post(_IMPORT, part | asked)["changes"]


def parts_of(document: Document) -> Iterator[Document]:
    """The document in parts that a request may have. Whatever else it has goes with the first.

    An application with more endpoints than fit is in several parts.
    """
    whole = {name: value for name, value in document.items() if name not in _LISTS}
    yield whole
    for name in _LISTS:
        for items in _chunks(
            [piece for item in document.get(name) or () for piece in _pieces(item)]
        ):
            yield {name: items}


_PAGED: Final = ("applications", "sources", "streams")
_LISTS: Final = ("eventTypes", *_PAGED, "operationalEndpoints")


def _pieces(item: Document) -> Iterator[Document]:
    """An object that is too large, in pieces with a part of its endpoints each."""
    endpoints = item.get("endpoints")
    if not endpoints or _size(item) <= REQUEST_BYTES_MAX:
        yield item
        return
    for some in _chunks(endpoints):
        yield item | {"endpoints": some}


def _chunks(items: Sequence[Document]) -> Iterator[list[Document]]:
    chunk: list[Document] = []
    size = 0
    for item in items:
        item_size = _size(item)
        if chunk and size + item_size > REQUEST_BYTES_MAX:
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += item_size
    if chunk:
        yield chunk


def _size(item: Document) -> int:
    return len(json.dumps(item))
