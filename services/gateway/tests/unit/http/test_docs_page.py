"""The page at /docs, its assets, and what its headers allow."""

import base64
import gzip
import hashlib
import json
from html.parser import HTMLParser
from importlib.resources import files

import httpx
import pytest
from angarium_gateway.adapters.http.reference.page import SCALAR, SCALAR_VERSION

from .conftest import World

ASSETS = files("angarium_gateway.adapters.http.reference") / "assets"


class Page(HTMLParser):
    """What a page loads, and the scripts and styles that stand in it."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.nonce = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"script", "link", "img", "iframe", "object"}:
            self.loaded.append(given.get("src") or given.get("href") or "")
        if tag == "style" or "style" in given or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        if given.get("property") == "csp-nonce":
            self.nonce = given["content"] or ""


@pytest.fixture
def anonymous(world: World) -> httpx.AsyncClient:
    """A client without an API key, as a browser that opens the page."""
    world.client.headers.pop("authorization")
    return world.client


async def opened(client: httpx.AsyncClient) -> tuple[Page, dict[str, list[str]]]:
    """The page, and its content security policy by directive."""
    answer = await client.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    page = Page()
    page.feed(answer.text)
    directives = [part.split() for part in answer.headers["content-security-policy"].split(";")]
    return page, {name: sources for name, *sources in directives}


async def test_the_page_loads_assets_of_this_server_only(anonymous: httpx.AsyncClient) -> None:
    page, _ = await opened(anonymous)
    assert page.inline == []
    assert f"/docs/assets/{SCALAR}" in page.loaded
    for path in page.loaded:
        assert path.startswith("/docs/assets/")
        answer = await anonymous.get(path)
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_policy_allows_no_inline_script_and_no_other_origin(
    anonymous: httpx.AsyncClient,
) -> None:
    page, policy = await opened(anonymous)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["connect-src"] == ["'self'"]
    for name in ("base-uri", "form-action", "frame-ancestors", "object-src"):
        assert policy[name] == ["'none'"]
    assert policy["style-src-elem"] == [f"'nonce-{page.nonce}'"]
    sources = {source for values in policy.values() for source in values}
    assert not any("//" in source or source == "'unsafe-eval'" for source in sources)


async def test_each_page_has_a_nonce_of_its_own(anonymous: httpx.AsyncClient) -> None:
    pages = [await opened(anonymous) for _ in range(2)]
    assert pages[0][0].nonce != pages[1][0].nonce


async def test_the_page_tells_no_other_site_where_it_is(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/docs/")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_scalar_arrives_as_it_was_published(
    anonymous: httpx.AsyncClient, encoding: str
) -> None:
    answer = await anonymous.get(f"/docs/assets/{SCALAR}", headers={"accept-encoding": encoding})
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert "immutable" in answer.headers["cache-control"]
    record = json.loads((ASSETS / "scalar.json").read_text())
    assert hashlib.sha256(answer.content).hexdigest() == record["sha256"]


def test_the_stored_scalar_is_the_recorded_one() -> None:
    record = json.loads((ASSETS / "scalar.json").read_text())
    assert record["version"] == SCALAR_VERSION
    algorithm, _, digest = record["integrity"].partition("-")
    assert algorithm == "sha512"
    assert len(base64.b64decode(digest)) == 64
    bundle = gzip.decompress((ASSETS / "scalar.js.gz").read_bytes())
    assert hashlib.sha256(bundle).hexdigest() == record["sha256"]
    assert SCALAR_VERSION.encode() in bundle


async def test_there_is_nothing_beside_the_assets(anonymous: httpx.AsyncClient) -> None:
    for name in ("scalar.js.gz", "scalar.json", "scalar-0.0.0.js", "%2e%2e%2fpage.py"):
        assert (await anonymous.get(f"/docs/assets/{name}")).status_code == 404
