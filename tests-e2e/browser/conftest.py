"""A browser, and pages of the portal in it that fail the test with what they report."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .chromium import chromium_path
from .watched_page import PageFaults

TIMEOUT_MS = 15_000


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests of this process."""
    shared = tmp_path_factory.getbasetemp()
    lock_folder = shared.parent if "PYTEST_XDIST_WORKER" in __import__("os").environ else shared
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium_path(playwright, lock_folder), args=["--no-sandbox"]
        )
        yield launched
        launched.close()


type NewPage = Callable[..., Page]
"""Opens an empty page; keyword arguments are those of a context: viewport, color_scheme, …"""


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Opens pages. A console error, an uncaught exception or a CSP violation fails the test."""
    faults = PageFaults()
    contexts = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        faults.watch(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults.found == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """An empty page of the usual size."""
    return new_page(viewport={"width": 1280, "height": 800})


@pytest.fixture
def portal_link(api: httpx.Client, app: str) -> Callable[..., str]:
    """Makes a link to the portal of `app`; arguments are members of the request."""

    def make(**members: Any) -> str:
        made = api.post(f"/auth/app-portal-access/{app.removeprefix('/app/')}", json=members)
        assert made.status_code == 200, made.text
        return str(made.json()["url"])

    return make
