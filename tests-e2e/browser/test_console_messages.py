"""Messages and attempts of all applications, and posting one."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from ..waiting import until  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .conftest import OpenConsole
from .watched_page import violations_in_both_schemes

WAIT_S = 60
XSS = "<img src=x onerror=\"console.error('xss')\">"
EXAMPLE = {"id": "inv_1", "total": 42}


@pytest.fixture
def acme(tenant_api: httpx.Client) -> str:
    """An application of the new tenant, by its uid."""
    tenant_api.post("/app", json={"name": "Acme", "uid": "acme"})
    return "acme"


def a_message(api: httpx.Client, app: str, **members: Any) -> str:
    posted = api.post(f"/app/{app}/msg", json={"eventType": "a.b", "payload": {}, **members})
    assert posted.status_code == 202, posted.text
    return str(posted.json()["id"])


def test_messages_are_found_by_filters_in_the_address(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client, acme: str
) -> None:
    open_console("/messages")
    expect(page.get_by_role("heading", name="No messages yet")).to_be_visible()
    assert violations_in_both_schemes(page) == []

    order = a_message(tenant_api, acme, eventId="order-7", tags=[XSS])
    other = a_message(tenant_api, acme, eventType="c.d", channels=["emea"])
    page.reload()
    expect(page.get_by_role("link", name=other)).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=order)).to_contain_text(XSS)
    expect(page.get_by_role("link", name="Acme").first).to_be_visible()
    assert violations_in_both_schemes(page) == []

    page.get_by_label("Id or event id").fill("order-")
    expect(page).to_have_url(re.compile("text=order-"))
    expect(page.get_by_role("link", name=other)).to_have_count(0)
    expect(page.get_by_role("link", name=order)).to_be_visible()
    page.get_by_label("Id or event id").fill(other)
    expect(page.get_by_role("link", name=other)).to_be_visible()
    page.get_by_label("Id or event id").fill("")
    page.get_by_label("Channel").fill("emea")
    page.get_by_label("Event type").fill("c.d, e.f")
    expect(page).to_have_url(re.compile("type="))
    page.reload()
    expect(page.get_by_label("Channel")).to_have_value("emea")
    expect(page.get_by_role("link", name=other)).to_be_visible()
    expect(page.get_by_role("link", name=order)).to_have_count(0)
    page.get_by_label("Before").fill("2020-01-01T00:00")
    expect(page.get_by_role("heading", name="No message is found")).to_be_visible()


def test_attempts_are_found_by_their_status(
    page: Page,
    open_console: OpenConsole,
    tenant_api: httpx.Client,
    acme: str,
    receiver: WebhookReceiver,
) -> None:
    for path in ("ok", "status/400"):
        tenant_api.post(f"/app/{acme}/endpoint", json={"url": f"{receiver.url}/{path}"})
    message = a_message(tenant_api, acme)

    def all_found() -> bool:
        found = tenant_api.get("/search/attempts").json()["data"]
        return {each["status"] for each in found} >= {0, 2}

    until(all_found, WAIT_S, "a success and a failure")
    open_console("/messages?view=attempts")
    expect(page.get_by_role("cell", name="200").first).to_be_visible()
    page.get_by_label("Status").select_option("Failed")
    expect(page.get_by_role("cell", name="200")).to_have_count(0)
    expect(page.get_by_role("cell", name="400").first).to_be_visible()
    expect(page).to_have_url(re.compile("status=failed"))
    expect(page.get_by_role("link", name=message).first).to_be_visible()
    assert violations_in_both_schemes(page) == []
    page.get_by_label("Response").select_option("5xx")
    expect(page.get_by_role("heading", name="No attempt is found")).to_be_visible()


def test_a_message_is_posted_with_the_example_of_its_type(
    page: Page,
    open_console: OpenConsole,
    tenant_api: httpx.Client,
    acme: str,
    receiver: WebhookReceiver,
) -> None:
    schema = {"type": "object", "examples": [EXAMPLE]}
    tenant_api.post(
        "/event-type",
        json={"name": "invoice.paid", "description": XSS, "schemas": {"1": schema}},
    )
    open_console("/messages/new")
    page.get_by_role("combobox", name="Application").fill("acme")
    page.get_by_role("option").filter(has_text="Acme").click()
    page.get_by_role("combobox", name="Event type").fill("invoice")
    page.get_by_role("option", name="invoice.paid").click()
    expect(page.get_by_label("Payload")).to_have_value(re.compile('"total": 42'))
    expect(page.get_by_text("No endpoint gets this message")).to_be_visible()
    assert violations_in_both_schemes(page) == []

    page.get_by_label("Payload").fill('{"total": }')
    page.get_by_role("button", name="Post the message").click()
    expect(page.get_by_text("This is no JSON: look at line 1, column 11.")).to_be_visible()
    tenant_api.post(f"/app/{acme}/endpoint", json={"url": f"{receiver.url}/ok"})
    page.get_by_label("Payload").fill('{"total": 12345678901234567890}')
    page.get_by_label("Event id").fill("by-hand")
    page.get_by_label("Tags").fill("one, two")
    page.get_by_role("button", name="Post the message").press("Enter")
    status = page.get_by_role("status").filter(has_text="The message is accepted")
    expect(status).to_be_visible()

    (posted,) = tenant_api.get(f"/app/{acme}/msg", params={"with_content": True}).json()["data"]
    assert (posted["eventType"], posted["eventId"]) == ("invoice.paid", "by-hand")
    assert posted["payload"] == {"total": 12345678901234567890}
    assert set(posted["tags"]) == {"one", "two"}
    assert receiver.wait_for(1)
    href = f"/console/applications/acme/deliveries/{posted['id']}"
    expect(status.get_by_role("link")).to_have_attribute("href", href)


def test_what_the_api_refuses_stands_at_its_field(
    page: Page, open_console: OpenConsole, acme: str
) -> None:
    open_console(f"/messages/new?app={acme}")
    expect(page.get_by_role("combobox", name="Application")).to_have_value(acme)
    page.get_by_role("combobox", name="Event type").fill("not an event type")
    page.get_by_role("button", name="Post the message").click()
    expect(page.get_by_role("combobox", name="Event type")).to_have_attribute(
        "aria-invalid", "true"
    )
    page.get_by_role("combobox", name="Event type").fill("a.b")
    page.get_by_role("combobox", name="Application").fill("nobody")
    page.get_by_role("button", name="Post the message").click()
    expect(page.get_by_role("alert")).to_contain_text("nobody")
