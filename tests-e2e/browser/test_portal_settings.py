"""The portal's page about who is signed in."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from .conftest import NewPage
from .portal_checks import MARKUP, PortalLink, has_no_markup, open_portal
from .watched_page import accessibility_violations


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_session_and_what_it_allows_are_in_words(
    scheme: str, new_page: NewPage, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    api.patch(app, json={"name": MARKUP}).raise_for_status()
    link = portal_link(
        capabilities=["ViewBase", "CreateAttempts"], sessionId="user_7", expiry=7_200
    )
    page = new_page(color_scheme=scheme)
    open_portal(page, link)
    page.get_by_role("link", name="Settings").click()
    row = page.get_by_role("row")
    expect(row.filter(has_text="Application")).to_contain_text(MARKUP)
    expect(row.filter(has_text="Session")).to_contain_text("user_7")
    expect(row.filter(has_text="Ends")).to_contain_text("in 1 hour")
    expect(row.filter(has_text="Resend, recover")).to_contain_text("Allowed")
    expect(row.filter(has_text="Create, change and delete")).to_contain_text("Not allowed")
    expect(row.filter(has_text="See signing secrets")).to_contain_text("Not allowed")
    assert has_no_markup(page)
    assert accessibility_violations(page) == []


def test_logging_out_ends_the_token_everywhere(
    page: Page, portal_link: PortalLink, api: httpx.Client
) -> None:
    open_portal(page, portal_link(), "/settings")
    session = page.evaluate("JSON.parse(sessionStorage.getItem('angarium.session'))")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="This link has ended")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('angarium.session')") is None
    assert session["token"] not in page.evaluate("JSON.stringify({...sessionStorage})")
    refused = api.get("/auth/whoami", headers={"Authorization": f"Bearer {session['token']}"})
    assert refused.status_code == 401
    page.reload()
    expect(page.get_by_role("heading", name="This link has ended")).to_be_visible()
    assert accessibility_violations(page) == []
