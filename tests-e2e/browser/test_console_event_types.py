"""Event types in the console."""

import json
import re

import httpx
from playwright.sync_api import Page, expect

from .conftest import OpenConsole
from .ticking import tick
from .watched_page import violations_in_both_schemes

XSS = "<img src=x onerror=\"console.error('xss')\">"
SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "integer", "minimum": 3}},
    "required": ["total"],
}


def document(**webhooks: str) -> str:
    """An OpenAPI document with webhooks of these names and descriptions."""
    content = {"application/json": {"schema": SCHEMA}}
    described = {
        name: {"post": {"description": text, "requestBody": {"content": content}}}
        for name, text in webhooks.items()
    }
    info = {"title": "Test", "version": "1"}
    return json.dumps({"openapi": "3.1.0", "info": info, "webhooks": described})


def test_an_event_type_is_created_with_a_schema(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    open_console("/event-types")
    expect(page.get_by_role("heading", name="No event types yet")).to_be_visible()
    assert violations_in_both_schemes(page) == []
    page.get_by_role("link", name="Create an event type").click()
    page.get_by_label("Name").fill("invoice paid")
    page.get_by_role("button", name="Create the event type").click()
    expect(page.get_by_text("Write letters, digits")).to_be_visible()
    page.get_by_label("Name").fill("invoice.paid")
    page.get_by_label("Description").fill(f"Paid {XSS}")
    page.get_by_label("Group").fill("billing")
    page.get_by_label("Retry schedule").fill("5, 300")
    page.get_by_role("button", name="Add a schema").click()
    page.get_by_label("JSON schema").fill("{")
    page.get_by_role("button", name="Create the event type").click()
    expect(page.get_by_text("This is no JSON")).to_be_visible()
    page.get_by_label("JSON schema").fill(json.dumps(SCHEMA))
    assert violations_in_both_schemes(page) == []
    page.get_by_role("button", name="Create the event type").click()
    expect(page.get_by_role("heading", name="invoice.paid")).to_be_visible()

    created = tenant_api.get("/event-type/invoice.paid").json()
    assert created["schemas"] == {"1": SCHEMA}
    assert (created["groupName"], created["retrySchedule"]) == ("billing", [5, 300])
    page.get_by_role("main").get_by_role("link", name="Event types").click()
    row = page.get_by_role("row").filter(has_text="invoice.paid")
    expect(row).to_contain_text(f"Paid {XSS}")
    expect(row).to_contain_text("v1")


def test_an_event_type_is_changed_archived_restored_and_deleted(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    tenant_api.post(
        "/event-type", json={"name": "a.b", "description": "Old", "schemas": {"1": SCHEMA}}
    )
    open_console("/event-types/by-name/a.b")
    page.get_by_label("Description").fill("New")
    tick(page.get_by_role("switch", name="Deprecated"))
    page.get_by_role("button", name="Add a version").click()
    expect(page.get_by_role("group", name="Version 2")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    changed = tenant_api.get("/event-type/a.b").json()
    assert (changed["description"], changed["deprecated"]) == ("New", True)
    assert changed["schemas"] == {"1": SCHEMA, "2": SCHEMA}
    page.get_by_role("button", name="Remove version 1").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert list(tenant_api.get("/event-type/a.b").json()["schemas"]) == ["2"]

    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_role("button", name="Restore")).to_be_visible()
    assert tenant_api.get("/event-type/a.b").json()["archived"] is True
    page.get_by_role("main").get_by_role("link", name="Event types").click()
    expect(page.get_by_role("heading", name="No event types yet")).to_be_visible()
    tick(page.get_by_role("switch", name="Show archived"))
    page.get_by_role("link", name="a.b").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("button", name="Archive")).to_be_visible()

    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete the event type").click()
    expect(page.get_by_role("heading", name="No event types yet")).to_be_visible()
    assert tenant_api.get("/event-type/a.b").status_code == 404


def test_an_example_is_checked_against_the_schema(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    tenant_api.post(
        "/event-type", json={"name": "a.b", "description": "", "schemas": {"1": SCHEMA}}
    )
    open_console("/event-types/by-name/a.b")
    page.get_by_role("button", name="Try an example").click()
    expect(page.get_by_label("Example")).to_have_value('{\n  "total": 3\n}')
    page.get_by_role("button", name="Check the example").click()
    expect(page.get_by_text("The example is what the schema describes.")).to_be_visible()
    page.get_by_label("Example").fill('{"total": 1}')
    page.get_by_role("button", name="Check the example").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"total: .*3"))
    assert violations_in_both_schemes(page) == []


def test_an_import_shows_what_it_changes_first(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    for name in ("a.changed", "b.left"):
        tenant_api.post("/event-type", json={"name": name, "description": "Old"})
    open_console("/event-types/import")
    page.get_by_label("OpenAPI document").fill("nonsense: [")
    page.get_by_role("button", name="Show what changes").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("OpenAPI document").fill(
        document(**{"a.changed": "New", "c.created": "Created"})
    )
    tick(page.get_by_role("switch", name="Archive the event types"))
    page.get_by_role("button", name="Show what changes").click()
    table = page.get_by_role("table", name="What the import changes")
    expect(table.get_by_role("row").filter(has_text="a.changed")).to_contain_text("description")
    expect(table.get_by_role("row").filter(has_text="c.created")).to_contain_text("Created")
    expect(table.get_by_role("row").filter(has_text="b.left")).to_contain_text("Archived")
    assert tenant_api.get("/event-type/a.changed").json()["description"] == "Old"
    assert violations_in_both_schemes(page) == []

    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported.")).to_be_visible()
    assert tenant_api.get("/event-type/a.changed").json()["description"] == "New"
    assert tenant_api.get("/event-type/b.left").json()["archived"] is True
    assert tenant_api.get("/event-type/c.created").json()["schemas"]["1"]["required"] == ["total"]
