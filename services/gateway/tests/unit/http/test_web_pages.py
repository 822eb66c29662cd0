"""The console and the portal as pages of the gateway: what is served, and with which headers."""

import re

import httpx
import pytest
from angarium_gateway.adapters.console.assets import Asset, BuiltAssets
from angarium_gateway.adapters.console.web_pages import WebPages, WebPagesOptions
from litestar.types import Receive, Scope, Send

BUILT = BuiltAssets(
    pages={"console": "<i nonce=__CSP_NONCE__>console", "portal": "<i nonce=__CSP_NONCE__>portal"},
    assets={
        "assets/app-1.js": Asset(
            lambda: b"script",
            b"text/javascript; charset=utf-8",
            {"br": lambda: b"br", "gzip": lambda: b"gz"},
            True,
        ),
        "favicon.svg": Asset(lambda: b"<svg/>", b"image/svg+xml", {}, False),
    },
)


async def _the_api(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _answer(
    path: str, *, method: str = "GET", encodings: str = "identity", **options: bool | str
) -> httpx.Response:
    pages = WebPages(_the_api, BUILT, WebPagesOptions(**options))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=pages)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        request = client.build_request(method, path, headers={"accept-encoding": encodings})
        response = await client.send(request, stream=True)
        response._content = b"".join([part async for part in response.aiter_raw()])
        return response


@pytest.mark.parametrize(
    "path", ["/console", "/console/", "/console/a/b", "/portal/endpoints/ep_1"]
)
async def test_every_address_below_a_page_is_the_page(path: str) -> None:
    answer = await _answer(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert path.split("/")[1] in answer.text


async def test_each_answer_has_a_nonce_of_its_own() -> None:
    answers = [await _answer("/console") for _ in range(2)]
    nonces = [re.findall(r"nonce=(\S+)>", answer.text)[0] for answer in answers]
    assert len(set(nonces)) == 2
    for nonce, answer in zip(nonces, answers, strict=True):
        assert f"'nonce-{nonce}'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


async def test_the_policy_allows_nothing_inline_and_no_other_origin() -> None:
    policy = (await _answer("/console")).headers["content-security-policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_the_portal_may_be_embedded_where_the_operator_says() -> None:
    everywhere = await _answer("/portal")
    assert everywhere.headers["content-security-policy"].endswith("frame-ancestors *")
    assert "x-frame-options" not in everywhere.headers
    here = await _answer(
        "/portal",
        portal_frame_ancestors="https://app.example.com",
        portal_image_origins="https://cdn.example.com",
    )
    policy = here.headers["content-security-policy"]
    assert policy.endswith("frame-ancestors https://app.example.com")
    assert "img-src 'self' data: https://cdn.example.com;" in policy


@pytest.mark.parametrize(
    ("encodings", "coding", "content"),
    [("gzip, br", "br", b"br"), ("gzip", "gzip", b"gz"), ("identity", None, b"script")],
)
async def test_assets_are_sent_as_compressed_at_build(
    encodings: str, coding: str | None, content: bytes
) -> None:
    answer = await _answer("/ui/assets/app-1.js", encodings=encodings)
    assert answer.headers.get("content-encoding") == coding
    assert answer.content == content
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_an_asset_without_a_hash_in_its_name_is_asked_for_again() -> None:
    answer = await _answer("/ui/favicon.svg")
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/ui/no.js", "/ui/../console.html", "/consoles", "/api/v1/app", "/"]
)
async def test_everything_else_is_the_api(path: str) -> None:
    assert (await _answer(path)).status_code == 418


async def test_each_page_can_be_switched_off() -> None:
    assert (await _answer("/console", console=False)).status_code == 418
    assert (await _answer("/portal", console=False)).status_code == 200
    assert (await _answer("/portal", portal=False)).status_code == 418
    assert (await _answer("/ui/favicon.svg", console=False, portal=False)).status_code == 418


async def test_the_root_leads_to_the_console_where_asked() -> None:
    answer = await _answer("/", root_leads_to_console=True)
    assert (answer.status_code, answer.headers["location"]) == (307, "/console")
    switched_off = await _answer("/", root_leads_to_console=True, console=False)
    assert switched_off.status_code == 418


async def test_a_head_has_no_body_and_a_post_is_refused() -> None:
    head = await _answer("/console", method="HEAD")
    assert head.status_code == 200
    assert head.content == b""
    assert int(head.headers["content-length"]) > 0
    post = await _answer("/console", method="POST")
    assert (post.status_code, post.headers["allow"]) == (405, "GET, HEAD")


async def test_an_asset_whose_file_is_gone_is_left_to_the_api() -> None:
    def gone() -> bytes:
        raise FileNotFoundError

    built = BuiltAssets(BUILT.pages, {"app.js": Asset(gone, b"text/javascript", {}, True)})
    pages = WebPages(_the_api, built, WebPagesOptions())
    transport = httpx.ASGITransport(app=pages)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/ui/app.js")).status_code == 418
