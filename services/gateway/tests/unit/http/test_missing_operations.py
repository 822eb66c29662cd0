"""docs/reference/operations.md lists the operations of the Svix API that are not there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import svix.api

from .conftest import World

REPOSITORY = Path(__file__).parents[5]
PAGE = REPOSITORY / "docs/reference/operations.md"
PUBLISHED = REPOSITORY / "tests-e2e/sdk/svix-openapi.json"
_CALL = re.compile(r'method="(\w+)",\s*path=\(?"([^"]+)"')
_ROW = re.compile(r"^\| `(\w+) (\S+)` \|", re.MULTILINE)

type Operation = tuple[str, str]


def operation(method: str, path: str) -> Operation:
    """An operation, whatever its parameters are called."""
    return method.upper(), re.sub(r"\{\w+\}", "{}", path)


def of_sdk() -> Iterator[Operation]:
    for module in Path(svix.api.__file__).parent.glob("*.py"):
        for method, path in _CALL.findall(module.read_text(encoding="utf-8")):
            yield operation(method, path)


def of_document(document: dict[str, dict[str, dict[str, object]]]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method in item:
            if method not in ("parameters", "head"):
                yield operation(method, path)


async def test_the_page_lists_what_the_sdk_or_the_published_document_has_and_we_have_not(
    world: World,
) -> None:
    served = set(of_document((await world.client.get("/api/v1/openapi.json")).json()))
    wanted = set(of_sdk()) | set(of_document(json.loads(PUBLISHED.read_bytes())))
    page = PAGE.read_text(encoding="utf-8")
    listed = {operation(*row) for row in _ROW.findall(page)}
    assert f"Of the {len(set(of_sdk()))} operations of the official SDKs, " in page
    assert f" SDKs, {len(set(of_sdk()) & served)} answer." in page
    assert listed - wanted == set()
    assert served & listed == set(), "these exist now: remove their rows from the page"
    assert wanted - served - listed == set(), "these are missing: add their rows to the page"
