"""A browser, and pages of the portal in it that fail the test with what they report."""

import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform, api_client  # noqa: TID252
from .chromium import chromium_path
from .watched_page import PageFaults

TIMEOUT_MS = 15_000
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium for the tests of a module.

    Playwright's synchronous interface keeps an event loop running in this thread, beside which no
    asynchronous test of the same process can run: it ends with the module.
    """
    shared = tmp_path_factory.getbasetemp()
    lock_folder = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
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


@pytest.fixture(scope="session")
def platform_key(platform: DevPlatform) -> str:
    """A key of the scope `platform`."""
    made = run_angarium(
        ["keys", "create", "operations", "--scope", "platform"],
        ANGARIUM_GATEWAY_DATABASE_URL=str(platform.state["database_urls"]["gateway"]),
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


type NewTenant = Callable[[], str]
"""Creates a tenant that has nothing yet. Returns a key of it with the scope `admin`."""


@pytest.fixture(scope="session")
def new_tenant(platform: DevPlatform, platform_key: str) -> Iterator[NewTenant]:
    """Creates tenants as an operator does."""
    with api_client(platform.url, platform_key) as operator:

        def create() -> str:
            tenant = operator.post("/admin/tenant", json={"name": uuid4().hex}).raise_for_status()
            path = f"/admin/tenant/{tenant.json()['id']}/api-key"
            made = operator.post(path, json={"name": "tests", "scope": "admin"})
            return str(made.raise_for_status().json()["token"])

        yield create


@pytest.fixture
def tenant_key(new_tenant: NewTenant) -> str:
    """The key of a new tenant, which has nothing yet, with the scope `admin`."""
    return new_tenant()


@pytest.fixture
def tenant_api(platform: DevPlatform, tenant_key: str) -> Iterator[httpx.Client]:
    """The API, with the key of the new tenant."""
    with api_client(platform.url, tenant_key) as client:
        yield client


type OpenConsole = Callable[..., Page]
"""Opens a path of the console, signed in to the new tenant or with `key`, in `on` or `page`."""


@pytest.fixture
def open_console(page: Page, platform: DevPlatform, tenant_key: str) -> OpenConsole:
    """Opens the console as its sign-in link does, in the tenant of `tenant_key`."""

    def open_path(path: str = "", *, key: str = tenant_key, on: Page = page) -> Page:
        on.goto(f"{platform.url}/console{path}#key={key}")
        expect(on.get_by_role("button", name="Sign out")).to_be_visible()
        return on

    return open_path
