"""The portal's list of endpoints."""

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from .watched_page import accessibility_violations


def test_an_application_without_endpoints_says_so(
    page: Page, portal_link: Callable[..., str]
) -> None:
    page.goto(portal_link())
    expect(page.get_by_role("heading", name="No endpoints yet")).to_be_visible()
    assert accessibility_violations(page) == []


def test_endpoints_are_listed(
    page: Page, portal_link: Callable[..., str], api: httpx.Client, app: str
) -> None:
    api.post(f"{app}/endpoint", json={"url": "https://example.com/hook", "description": "Orders"})
    page.goto(portal_link())
    expect(page.get_by_role("link", name="https://example.com/hook")).to_be_visible()
    expect(page.get_by_role("cell", name="Enabled")).to_be_visible()
    assert "#" not in page.url
    assert accessibility_violations(page) == []
