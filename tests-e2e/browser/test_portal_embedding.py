"""The portal in an iframe of a page on another site."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from playwright.sync_api import FrameLocator, Page, expect

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .conftest import NewPage
from .embedding_pages import APP_PORTAL_PAGE, example_page, react_files, served
from .test_portal_deliveries import endpoint, post, wait_for_attempts
from .watched_page import accessibility_violations

type PortalLink = Callable[..., str]

LOGO = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
EMBEDDING = b"""<!doctype html>
<html lang="en">
<title>Embedding page</title>
<link rel="icon" href="data:,">
<script>
var heights = [];
addEventListener("message", ({data}) => heights.push(data));
</script>
<body></body>
"""
# What browsers do to an iframe on another site whose storage they block.
WITHOUT_STORAGE = """
for (const name of ["sessionStorage", "localStorage"])
  Object.defineProperty(window, name, {
    get() { throw new DOMException("Access is denied for this document.", "SecurityError"); },
  });
"""


@pytest.fixture
def embedding() -> Iterator[str]:
    """A page on another site, to which `embed` adds an iframe."""
    with served({"index.html": EMBEDDING}) as address:
        yield address


def embed(page: Page, embedding: str, link: str, **parameters: str) -> FrameLocator:
    """Open the portal in an iframe, with these parameters of its appearance."""
    if not page.url.startswith(embedding):
        page.goto(embedding)
    base, _, fragment = link.partition("#")
    url = f"{base}?{urlencode(parameters)}#{fragment}"
    page.evaluate(
        """(src) => {
          const frame = document.createElement("iframe");
          Object.assign(frame, {src, width: "1200", height: "700", title: "Portal"});
          document.body.replaceChildren(frame);
        }""",
        url,
    )
    return page.frame_locator("iframe")


def style(frame: FrameLocator, selector: str, name: str) -> str:
    """A computed style of an element in the portal."""
    value = frame.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element).getPropertyValue(name)", name
    )
    return str(value).strip()


def test_the_portal_works_on_another_site_without_storage_and_cookies(
    new_page: NewPage,
    embedding: str,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
) -> None:
    endpoint(api, app, f"{receiver.url}/ok/embedded")
    message = post(api, app)
    wait_for_attempts(api, app, 1)
    page = new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(f'if (location.hostname !== "localhost") {{ {WITHOUT_STORAGE} }}')
    frame = embed(page, embedding, portal_link())
    expect(frame.get_by_role("link", name=f"{receiver.url}/ok/embedded")).to_be_visible()
    frame.get_by_role("link", name="Deliveries").click()
    frame.get_by_role("link", name=message).click()
    expect(frame.get_by_role("heading", name="Payload")).to_be_visible()
    blocked = frame.locator("body").evaluate(
        "() => { try { sessionStorage; return false } catch { return true } }"
    )
    assert blocked
    assert page.context.cookies() == []


def test_an_embedding_page_decides_how_it_looks(
    page: Page, embedding: str, portal_link: PortalLink
) -> None:
    theme = {
        "light": {"primary": "#ffd43b", "background": "#fff9db", "text": "#333333"},
        "dark": {"primary": "#66d9e8", "background": "#001018"},
        "font": "Georgia",
        "radius": 10,
        "logo": LOGO,
    }
    for scheme, primary, background in (
        ("light", "#ffd43b", "rgb(255, 249, 219)"),
        ("dark", "#66d9e8", "rgb(0, 16, 24)"),
    ):
        frame = embed(page, embedding, portal_link(), theme=json.dumps(theme), colorScheme=scheme)
        expect(frame.get_by_role("heading", name="No endpoints yet")).to_be_visible()
        root = frame.locator("html")
        expect(root).to_have_attribute("data-mantine-color-scheme", scheme)
        assert style(frame, "body", "background-color") == background
        assert "Georgia" in style(frame, "h1", "font-family")
        assert style(frame, "html", "--mantine-color-brand-6") == primary
        assert "0.625rem" in style(frame, "html", "--mantine-radius-default")
        expect(frame.locator("header img")).to_have_attribute("src", LOGO)
        # axe looks into frames of another site only from within them.
        portal = page.frames[1]
        assert accessibility_violations(portal) == []


def test_the_navigation_can_be_left_out(
    page: Page, embedding: str, portal_link: PortalLink
) -> None:
    frame = embed(page, embedding, portal_link(), hideNavigation="true", darkMode="true")
    expect(frame.get_by_role("heading", name="No endpoints yet")).to_be_visible()
    expect(frame.get_by_role("navigation")).to_have_count(0)
    expect(frame.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")


def test_the_appearance_stays_when_a_page_is_loaded_again(
    page: Page, portal_link: PortalLink
) -> None:
    page.goto(portal_link().replace("#", "?hideNavigation=true&darkMode=true#", 1))
    for _ in range(2):
        expect(page.get_by_role("heading", name="No endpoints yet")).to_be_visible()
        expect(page.get_by_role("navigation")).to_have_count(0)
        expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
        page.reload()


def test_hostile_parameters_change_nothing(
    page: Page, embedding: str, portal_link: PortalLink
) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    hostile = "red;}</style><script>alert(1)</script>"
    frame = embed(
        page,
        embedding,
        portal_link(),
        primaryColor=hostile,
        fontFamily="x;} body{display:none}",
        icon="javascript:alert(1)",
        theme=json.dumps({"light": {"background": "url(//127.0.0.1:1/x)"}, "logo": hostile}),
    )
    expect(frame.get_by_role("heading", name="No endpoints yet")).to_be_visible()
    expect(frame.locator("header img")).to_have_count(0)
    assert style(frame, "html", "--mantine-color-brand-6") == "#2f5fd0"


def test_the_embedding_page_is_told_the_height(
    page: Page,
    embedding: str,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
) -> None:
    frame = embed(page, embedding, portal_link())
    expect(frame.get_by_role("heading", name="No endpoints yet")).to_be_visible()
    page.wait_for_function("heights.length > 0")
    small = page.evaluate("heights.at(-1)")
    assert small["type"] == "svix.iframe-resizer-height"
    assert 100 < small["payload"]["height"] < 700
    for number in range(40):
        endpoint(api, app, f"https://example.com/{number}")
    frame = embed(page, embedding, portal_link())
    expect(frame.get_by_role("link", name="https://example.com/39")).to_be_visible()
    page.wait_for_function("heights.at(-1).payload.height > 1500")
    # And that it became smaller again, however high the iframe was made.
    page.evaluate("document.querySelector('iframe').height = '3000'")
    frame.get_by_role("link", name="Deliveries").click()
    expect(frame.get_by_role("heading", name="No deliveries yet")).to_be_visible()
    page.wait_for_function("heights.at(-1).payload.height < 1500")


def test_the_example_of_the_documentation_runs(
    page: Page, platform: DevPlatform, api: httpx.Client, app: str
) -> None:
    endpoint(api, app, "https://example.com/hooks")
    with example_page(platform.url, platform.key, app.removeprefix("/app/")) as address:
        page.goto(address)
        frame = page.frame_locator("iframe")
        expect(frame.get_by_role("link", name="https://example.com/hooks")).to_be_visible()
        expect(page.locator("iframe")).to_have_attribute("style", re.compile(r"height: \d+px"))
        assert style(frame, "html", "--mantine-color-brand-6") == "#0b7285"
        assert "Georgia" in style(frame, "body", "font-family")
        assert page.context.cookies() == []


def test_app_portal_of_svix_react_shows_it(
    page: Page,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    tmp_path: Path,
) -> None:
    endpoint(api, app, "https://example.com/hooks")
    files = {"index.html": APP_PORTAL_PAGE, **react_files(tmp_path)}
    props: dict[str, Any] = {
        "url": portal_link(),
        "fullSize": True,
        "darkMode": True,
        "primaryColor": "#ff922b",
        "fontFamily": "Georgia",
        "icon": LOGO,
    }
    with served(files) as address:
        page.goto(f"{address}/?props={quote(json.dumps(props))}")
        frame = page.frame_locator("iframe")
        expect(frame.get_by_role("link", name="https://example.com/hooks")).to_be_visible()
        expect(frame.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
        expect(frame.locator("header img")).to_have_attribute("src", LOGO)
        assert style(frame, "html", "--mantine-color-brand-6") == "#ff922b"
        assert "Georgia" in style(frame, "body", "font-family")
        expect(page.locator("iframe")).to_have_attribute("style", re.compile(r"height: \d+px"))
        assert page.context.cookies() == []
