"""Applications in the console."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenConsole
from .ticking import tick
from .watched_page import is_too_wide, violations_in_both_schemes

XSS = "<img src=x onerror=\"console.error('xss')\">"


def test_an_application_is_created_changed_and_deleted(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    open_console("/applications")
    expect(page.get_by_role("heading", name="No applications yet")).to_be_visible()
    assert violations_in_both_schemes(page) == []
    page.get_by_role("button", name="Create an application").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill(f"Acme {XSS}")
    form.get_by_label("Uid").fill("not allowed!")
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_label("Uid")).to_have_attribute("aria-invalid", "true")
    assert violations_in_both_schemes(page) == []
    form.get_by_label("Uid").fill("acme")
    form.get_by_label("Metadata").fill('{"plan": 1}')
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_text("Write an object of texts")).to_be_visible()
    form.get_by_label("Metadata").fill('{"plan": "team"}')
    form.get_by_label("Metadata").press("Tab")
    form.get_by_role("button", name="Create").press("Enter")

    expect(page.get_by_role("heading", name="Endpoints", level=1)).to_be_visible()
    created = tenant_api.get("/app/acme").json()
    assert (created["name"], created["metadata"]) == (f"Acme {XSS}", {"plan": "team"})
    expect(page.get_by_role("main")).to_contain_text(f"Acme {XSS}")
    assert violations_in_both_schemes(page) == []

    page.get_by_role("button", name="Edit", exact=True).click()
    form.get_by_label("Name").fill("Acme Inc.")
    form.get_by_label("Messages per second").fill("7")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    changed = tenant_api.get("/app/acme").json()
    assert (changed["name"], changed["throttleRate"]) == ("Acme Inc.", 7)

    page.get_by_role("button", name="Delete", exact=True).click()
    expect(form).to_contain_text("This cannot be undone.")
    form.get_by_role("button", name="Delete the application").click()
    expect(page.get_by_role("heading", name="No applications yet")).to_be_visible()
    assert tenant_api.get("/app/acme").status_code == 404


def test_a_uid_that_is_taken_is_refused_in_the_form(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    tenant_api.post("/app", json={"name": "First", "uid": "taken"})
    open_console("/applications")
    page.get_by_role("button", name="Create an application").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("Second")
    form.get_by_label("Uid").fill("taken")
    form.get_by_role("button", name="Create").click()
    expect(form).to_contain_text("taken")
    expect(form.get_by_role("alert").or_(form.locator("[aria-invalid=true]"))).to_be_visible()
    assert len(tenant_api.get("/app").json()["data"]) == 1


def test_applications_are_found_by_name_and_uid(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    for name, uid in (("Acme Inc.", "customer-1"), ("Globex", "customer-2")):
        tenant_api.post("/app", json={"name": name, "uid": uid})
    open_console("/applications")
    expect(page.get_by_role("link", name="Globex")).to_be_visible()
    page.get_by_label("Search").fill("acme")
    expect(page).to_have_url(re.compile("search=acme"))
    expect(page.get_by_role("link", name="Globex")).to_have_count(0)
    expect(page.get_by_role("link", name="Acme Inc.")).to_be_visible()
    page.get_by_label("Search").fill("customer-2")
    expect(page.get_by_role("link", name="Globex")).to_be_visible()
    page.get_by_label("Search").fill("nobody")
    expect(page.get_by_role("heading", name="No application is found")).to_be_visible()
    assert violations_in_both_schemes(page) == []


def test_a_portal_link_opens_the_portal(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    app_id = tenant_api.post("/app", json={"name": "Acme"}).json()["id"]
    open_console(f"/applications/{app_id}/endpoints")
    page.get_by_role("button", name="Portal link").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Valid for").select_option("1 hour")
    tick(dialog.get_by_role("switch", name="Read only"))
    dialog.get_by_role("button", name="Create the link").click()
    link = dialog.get_by_label("Link", exact=True).input_value()
    assert "/portal#key=" in link
    assert violations_in_both_schemes(page) == []
    with page.expect_popup() as opened:
        dialog.get_by_role("link", name="Open the portal").click()
    expect(opened.value.get_by_role("heading", name="Endpoints", level=1)).to_be_visible()
    opened.value.close()


def test_the_pages_of_an_application_are_those_of_the_portal(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    app_id = tenant_api.post("/app", json={"name": "Acme"}).json()["id"]
    tenant_api.post(f"/app/{app_id}/endpoint", json={"url": "https://example.com/hook"})
    open_console("/applications")
    page.get_by_role("link", name="Acme").press("Enter")
    expect(page).to_have_url(
        f"{page.url.partition('/console')[0]}/console/applications/{app_id}/endpoints"
    )
    expect(page.get_by_role("link", name="https://example.com/hook")).to_be_visible()
    pages = page.get_by_role("navigation", name="Pages of the application")
    names = pages.get_by_role("link").all_inner_texts()
    assert names == ["Endpoints", "Event catalog", "Deliveries", "Settings"]
    expect(pages.get_by_role("link", name="Endpoints")).to_have_attribute("aria-current", "page")
    for name in names[1:]:
        pages.get_by_role("link", name=name).click()
        expect(pages.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto(page.url.partition("/applications")[0] + "/applications/app_nothing")
    expect(page.get_by_role("alert")).to_contain_text("Not found")


@pytest.mark.parametrize("count", [320])
def test_a_long_list_has_only_the_rows_in_sight(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client, count: int
) -> None:
    for number in range(count):
        tenant_api.post("/app", json={"name": f"Customer {number:03}", "uid": uuid4().hex})
    open_console("/applications")
    newest = page.get_by_role("link", name=f"Customer {count - 1:03}")
    expect(newest).to_be_visible()
    oldest = page.get_by_role("link", name="Customer 000")
    for _ in range(200):
        if oldest.count():
            break
        page.mouse.wheel(0, 2_000)
        page.wait_for_timeout(50)
    expect(oldest).to_be_visible()
    assert page.get_by_role("row").count() < 80
    assert not is_too_wide(page)
