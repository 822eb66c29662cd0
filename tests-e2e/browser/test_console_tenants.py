"""Tenants in the console, for operators of the platform."""

from uuid import uuid4

import httpx
from playwright.sync_api import Page, expect

from ..dev_platform import DevPlatform, api_client  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from .conftest import OpenConsole
from .watched_page import violations_in_both_schemes

WAIT_S = 10
XSS = "<img src=x onerror=\"console.error('xss')\">"


def tenant_of(platform: DevPlatform, key: str, name: str) -> dict[str, object]:
    with api_client(platform.url, key) as operator:
        listed = operator.get("/admin/tenant", params={"limit": 250, "order": "descending"})
        (found,) = [each for each in listed.json()["data"] if each["name"] == name]
    return dict(found)


def test_a_tenant_is_created_limited_suspended_and_deleted(
    page: Page, open_console: OpenConsole, platform: DevPlatform, platform_key: str
) -> None:
    name = f"{XSS} {uuid4().hex}"
    open_console("/tenants", key=platform_key)
    page.get_by_role("button", name="Create a tenant").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("Write a name.")).to_be_visible()
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Create").click()
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("Active")
    assert violations_in_both_schemes(page) == []

    row.get_by_role("button", name="Quotas").click()
    dialog.get_by_label("Messages per minute").fill("many")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("Write a whole number, or nothing.")).to_be_visible()
    dialog.get_by_label("Messages per minute").fill("600")
    assert violations_in_both_schemes(page) == []
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("600 messages/min")
    assert tenant_of(platform, platform_key, name)["quotas"] == {
        "requestsPerMinute": None,
        "messagesPerMinute": 600,
        "payloadBytesPerMinute": None,
        "applicationsMax": None,
        "endpointsMax": None,
    }

    row.get_by_role("button", name="API key").click()
    dialog.get_by_role("button", name="Create the key").click()
    token = dialog.get_by_label("API key", exact=True).input_value()
    assert violations_in_both_schemes(page) == []
    dialog.get_by_role("button", name="Done").click()
    with api_client(platform.url, token) as of_tenant:
        assert of_tenant.get("/auth/whoami").json()["scope"] == "admin"

    row.get_by_role("button", name="Suspend").click()
    expect(dialog).to_contain_text("go on being delivered")
    dialog.get_by_role("button", name="Suspend the tenant").click()
    expect(row).to_contain_text("Suspended")
    assert tenant_of(platform, platform_key, name)["suspended"] is True
    row.get_by_role("button", name="Resume").click()
    dialog.get_by_role("button", name="Resume the tenant").click()
    expect(row).to_contain_text("Active")

    renamed = f"renamed {name}"
    row.get_by_role("button", name="Rename").click()
    dialog.get_by_label("Name").fill(renamed)
    dialog.get_by_role("button", name="Rename").click()
    row = page.get_by_role("row").filter(has_text=renamed)
    expect(row).to_be_visible()

    row.get_by_role("button", name="Delete").click()
    expect(dialog).to_contain_text("are erased in the background")
    delete = dialog.get_by_role("button", name="Delete the tenant")
    expect(delete).to_be_disabled()
    assert violations_in_both_schemes(page) == []
    dialog.get_by_label(renamed).fill(renamed)
    delete.click()
    expect(row).to_have_count(0)
    with api_client(platform.url, token) as of_tenant:
        until(
            lambda: of_tenant.get("/auth/whoami").status_code == 401, WAIT_S, "its key is refused"
        )


def test_a_name_that_is_taken_is_refused_in_the_words_of_the_api(
    page: Page, open_console: OpenConsole, platform: DevPlatform, platform_key: str
) -> None:
    name = uuid4().hex
    with api_client(platform.url, platform_key) as operator:
        operator.post("/admin/tenant", json={"name": name}).raise_for_status()
    open_console("/tenants", key=platform_key)
    page.get_by_role("button", name="Create a tenant").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text(f"There is a tenant named {name}")


def test_whoever_does_not_operate_the_platform_sees_no_tenants(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    assert tenant_api.get("/admin/tenant").status_code == 403
    open_console("/overview")
    expect(page.get_by_role("link", name="Audit log")).to_be_visible()
    expect(page.get_by_role("link", name="Tenants")).to_have_count(0)
