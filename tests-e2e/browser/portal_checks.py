"""What the tests of the portal's pages share."""

from collections.abc import Callable
from typing import Any, Final

import httpx
from playwright.sync_api import Page

type PortalLink = Callable[..., str]

MARKUP: Final = '"><img src=x onerror="console.error(1)"><script>console.error(2)</script>'
"""Text that a page must show as text: run as markup, it fails the test by its errors."""


def open_portal(page: Page, link: str, path: str = "") -> None:
    """Sign in with a link to the portal, and open one of its pages."""
    page.goto(link)
    page.get_by_role("heading", level=1).wait_for()
    if path:
        page.goto(f"{page.url.partition('/portal')[0]}/portal{path}")


def create_endpoint(api: httpx.Client, app: str, **members: Any) -> str:
    """Create an endpoint through the API. Returns its id."""
    created = api.post(f"{app}/endpoint", json={"url": "https://example.com/hook", **members})
    assert created.status_code == 201, created.text
    return str(created.json()["id"])


def endpoint_of(api: httpx.Client, app: str, endpoint_id: str) -> dict[str, Any]:
    """The endpoint as the API has it."""
    found: dict[str, Any] = api.get(f"{app}/endpoint/{endpoint_id}").raise_for_status().json()
    return found


def has_no_markup(page: Page) -> bool:
    """Whether none of `MARKUP` became an element."""
    return page.locator("img[src=x], script:not([src])").count() == 0
