"""The portal's event catalog."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from ..webhook_receiver import WebhookReceiver  # noqa: TID252 - tests are no installed package
from .conftest import NewPage
from .portal_checks import MARKUP, PortalLink, create_endpoint, has_no_markup, open_portal
from .watched_page import accessibility_violations

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["id", "total"],
    "examples": [{"id": "inv_1", "total": {"cents": 100}}],
    "properties": {
        "id": {"type": "string", "description": MARKUP},
        "total": {
            "type": "object",
            "required": ["cents"],
            "properties": {"cents": {"type": "integer", "minimum": 0}},
        },
        "state": {"enum": ["paid", MARKUP]},
        "link": {"type": "string", "format": "uri"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        MARKUP: True,
    },
    "$defs": {
        "line": {
            "type": "object",
            "properties": {"parts": {"type": "array", "items": {"$ref": "#/$defs/line"}}},
        }
    },
}


@pytest.fixture
def event_type(api: httpx.Client) -> str:
    """The name of a new event type with a schema of two versions."""
    name = f"t{uuid4().hex[:12]}.paid"
    old = {"type": "object", "properties": {"former": {"type": "string"}}}
    members = {
        "name": name,
        "description": MARKUP,
        "groupName": f"Group-{name[:8]}",
        "schemas": {"1": old, "2": SCHEMA},
    }
    api.post("/event-type", json=members).raise_for_status()
    return name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_event_types_stand_in_their_groups_and_are_found(
    scheme: str, new_page: NewPage, portal_link: PortalLink, event_type: str
) -> None:
    page = new_page(color_scheme=scheme)
    open_portal(page, portal_link())
    page.get_by_role("link", name="Event catalog").click()
    group = page.get_by_role("region", name=f"Group-{event_type[:8]}")
    expect(group.get_by_role("link", name=event_type)).to_be_visible()
    page.get_by_label("Search event types").fill(event_type[:8])
    expect(page.get_by_text("1 event type", exact=True)).to_be_visible()
    assert page.url.endswith(f"?q={event_type[:8]}")
    page.reload()
    expect(page.get_by_text("1 event type", exact=True)).to_be_visible()
    expect(page.get_by_text(MARKUP)).to_be_visible()
    assert has_no_markup(page)
    assert accessibility_violations(page) == []


def test_an_empty_catalog_says_so(page: Page, portal_link: PortalLink) -> None:
    empty = {"data": [], "done": True, "iterator": None, "prevIterator": None}
    page.route("**/api/v1/event-type?*", lambda route: route.fulfill(json=empty))
    open_portal(page, portal_link(), "/event-types")
    expect(page.get_by_role("heading", name="No event types yet")).to_be_visible()
    assert accessibility_violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_schema_is_a_table_that_people_can_read(
    scheme: str, new_page: NewPage, portal_link: PortalLink, event_type: str
) -> None:
    page = new_page(color_scheme=scheme)
    open_portal(page, portal_link(), f"/event-types/{event_type}")
    row = page.get_by_role("row")
    expect(row.filter(has_text="total")).to_contain_text("required")
    expect(row.filter(has_text="cents")).to_contain_text("at least 0")
    expect(row.filter(has_text="link")).to_contain_text("format uri")
    expect(row.filter(has_text="lines")).to_contain_text("array of object")
    expect(row.filter(has_text="parts")).to_contain_text("has the same members again")
    expect(page.get_by_role("region", name="the example", exact=True)).to_contain_text(
        '"id": "inv_1"'
    )
    assert has_no_markup(page)
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Show as JSON").click()
    expect(page.get_by_role("region", name="the JSON schema")).to_contain_text('"$ref"')
    page.get_by_role("button", name="Show as a table").click()
    page.get_by_label("Version of the schema").select_option("1")
    expect(row.filter(has_text="former")).to_be_visible()


def test_an_event_type_without_a_schema_says_so(
    page: Page, portal_link: PortalLink, api: httpx.Client
) -> None:
    name = f"bare{uuid4().hex[:12]}"
    api.post("/event-type", json={"name": name, "description": ""}).raise_for_status()
    open_portal(page, portal_link(), f"/event-types/{name}")
    expect(page.get_by_text("The event type has no schema.")).to_be_visible()
    expect(page.get_by_text("The schema has no example.")).to_be_visible()


def test_an_event_type_that_does_not_exist_is_not_found(
    page: Page, portal_link: PortalLink
) -> None:
    open_portal(page, portal_link(), "/event-types/no.such.type")
    expect(page.get_by_role("alert")).to_contain_text("Not found")


def test_the_example_is_sent_to_an_endpoint(
    page: Page,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
    event_type: str,
) -> None:
    create_endpoint(api, app, url=f"{receiver.url}/ok/a", description="Mine")
    create_endpoint(api, app, url="poll://messages")
    open_portal(page, portal_link(), f"/event-types/{event_type}")
    options = page.get_by_label("Endpoint", exact=True).locator("option")
    expect(options).to_have_text([f"{receiver.url}/ok/a (Mine)"])
    page.get_by_role("button", name="Send example").click()
    answer = page.get_by_role("status", name="The answer to the test event")
    expect(answer.get_by_text("Succeeded 200")).to_be_visible()
    (entry,) = receiver.entries("/ok/a")
    assert api.get(f"{app}/msg/{entry['id']}").json()["payload"] == SCHEMA["examples"][0]


def test_who_may_send_nothing_is_not_offered_to(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, event_type: str
) -> None:
    create_endpoint(api, app)
    open_portal(page, portal_link(readOnly=True), f"/event-types/{event_type}")
    expect(page.get_by_role("region", name="the example", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Send example")).to_have_count(0)


def test_the_catalog_fits_a_narrow_screen(
    new_page: NewPage, portal_link: PortalLink, event_type: str
) -> None:
    page = new_page(viewport={"width": 360, "height": 800})
    open_portal(page, portal_link(), f"/event-types/{event_type}")
    expect(page.get_by_role("heading", name="Schema")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
