"""How a link signs in, what it leaves behind, and how its token ends."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, Request, expect

from .conftest import NewPage
from .test_portal_deliveries import endpoint
from .watched_page import accessibility_violations

type PortalLink = Callable[..., str]


def ended(page: Page) -> None:
    """The page says that the link has ended, and shows nothing of the application."""
    expect(page.get_by_role("heading", name="This link has ended")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)


def expire_all(api: httpx.Client, app: str) -> None:
    expired = api.post(f"/auth{app}/expire-all", json={})
    assert expired.status_code == 204, expired.text


def test_a_link_leaves_no_token_in_addresses_or_the_history(
    page: Page, portal_link: PortalLink
) -> None:
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))
    link = portal_link()
    key = urlsplit(link).fragment
    page.goto(link)
    expect(page.get_by_role("heading", name="No endpoints yet")).to_be_visible()
    assert "key=" not in page.url
    page.get_by_role("link", name="Deliveries").click()
    expect(page.get_by_role("heading", name="Deliveries", level=1)).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile(r"/portal/endpoints$"))
    page.go_back()
    expect(page).to_have_url("about:blank")
    token = next(
        authorization.removeprefix("Bearer ")
        for request in requests
        if (authorization := request.headers.get("authorization"))
    )
    for request in requests:
        assert token not in request.url
        assert key not in request.headers.get("referer", "")
    assert page.context.cookies() == []


def test_a_link_can_be_opened_twice(new_page: NewPage, portal_link: PortalLink) -> None:
    link = portal_link()
    for page in (new_page(), new_page()):
        page.goto(link)
        expect(page.get_by_role("heading", name="No endpoints yet")).to_be_visible()
    page.goto(link)
    expect(page.get_by_role("heading", name="No endpoints yet")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="No endpoints yet")).to_be_visible()


def test_a_link_whose_token_was_revoked_has_ended(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    link = portal_link()
    expire_all(api, app)
    page.goto(link)
    ended(page)
    assert "key=" not in page.url
    assert accessibility_violations(page) == []
    page.reload()
    ended(page)
    # A new one begins anew.
    page.goto(portal_link())
    expect(page.get_by_role("heading", name="No endpoints yet")).to_be_visible()


@pytest.mark.parametrize("action", ["none", "click"])
def test_a_token_that_is_revoked_meanwhile_ends_the_session(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, action: str
) -> None:
    endpoint(api, app, "https://example.com/secret-url")
    path = "/portal/deliveries" if action == "none" else "/portal"
    page.goto(portal_link().replace("/portal", path, 1))
    if action == "none":
        # The stream of events is refused, without anything that the reader does.
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        expire_all(api, app)
    else:
        expect(page.get_by_role("link", name="https://example.com/secret-url")).to_be_visible()
        expire_all(api, app)
        page.get_by_role("link", name="Deliveries").click()
    ended(page)
    expect(page.locator("body")).not_to_contain_text("secret-url")
    assert page.evaluate("sessionStorage.getItem('angarium.session')") is None


@pytest.mark.parametrize("fragment", ["key=%%%", "key=", "key=e30", "other=1", ""])
def test_an_address_without_a_login_shows_nothing(
    page: Page, portal_link: PortalLink, fragment: str
) -> None:
    page.goto(f"{portal_link().partition('#')[0]}#{fragment}")
    ended(page)


def test_a_broken_link_ends_the_session_of_before(page: Page, portal_link: PortalLink) -> None:
    link = portal_link()
    page.goto(link)
    expect(page.get_by_role("heading", name="No endpoints yet")).to_be_visible()
    page.evaluate("location.hash = 'key=%%%'")
    ended(page)


def test_the_link_of_another_application_replaces_the_session(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    endpoint(api, app, "https://example.com/first")
    other = api.post("/app", json={"name": "Other", "uid": f"other-{uuid4().hex}"}).json()["id"]
    endpoint(api, f"/app/{other}", "https://example.com/other")
    page.goto(portal_link())
    expect(page.get_by_role("link", name="https://example.com/first")).to_be_visible()
    second = api.post(f"/auth/app-portal-access/{other}", json={}).json()["url"]
    # Only the fragment changes: the page is not loaded again.
    page.evaluate("(hash) => { location.hash = hash }", urlsplit(second).fragment)
    expect(page.get_by_role("link", name="https://example.com/other")).to_be_visible()
    expect(page.get_by_role("link", name="https://example.com/first")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/portal/endpoints$"))
