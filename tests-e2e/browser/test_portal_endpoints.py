"""The portal's list of endpoints, and the form that creates and changes them."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from ..waiting import until  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .conftest import NewPage
from .portal_checks import (
    MARKUP,
    PortalLink,
    create_endpoint,
    endpoint_of,
    has_no_markup,
    open_portal,
)
from .ticking import tick
from .watched_page import accessibility_violations


def only_endpoint(api: httpx.Client, app: str) -> dict[str, Any]:
    """The application's endpoint, once it has one."""
    found: list[dict[str, Any]] = until(
        lambda: api.get(f"{app}/endpoint").json()["data"], 10, "the endpoint is there"
    )
    assert len(found) == 1
    return found[0]


@pytest.fixture
def event_types(api: httpx.Client) -> list[str]:
    """Names of three new event types, two of them in one group by their dots."""
    group = f"g{uuid4().hex[:12]}"
    names = [f"{group}.paid", f"{group}.voided", f"x{uuid4().hex[:12]}.created"]
    for name in names:
        api.post("/event-type", json={"name": name, "description": MARKUP}).raise_for_status()
    return names


def fill_url(page: Page, url: str) -> None:
    """Fill in the URL; what the form says of it later moves nothing."""
    page.get_by_role("textbox", name="URL").fill(url)


def test_an_application_without_endpoints_says_so(page: Page, portal_link: PortalLink) -> None:
    page.goto(portal_link())
    expect(page.get_by_role("heading", name="No endpoints yet")).to_be_visible()
    assert accessibility_violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_endpoints_are_listed_with_their_state(
    scheme: str,
    new_page: NewPage,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
) -> None:
    create_endpoint(api, app, description=MARKUP, filterTypes=["no.such"])
    create_endpoint(api, app, url="https://example.com/off", disabled=True, whileDisabled="keep")
    create_endpoint(api, app, url="poll://messages")
    failing = create_endpoint(api, app, url=f"{receiver.url}/status/500")
    api.post(f"{app}/msg", json={"eventType": "a.b", "payload": {}}).raise_for_status()
    until(
        lambda: api.get(f"{app}/endpoint/{failing}/delivery-state").json()["failingSince"],
        20,
        "the failure is known",
    )
    page = new_page(color_scheme=scheme)
    page.goto(portal_link())
    row = page.get_by_role("row")
    expect(row.filter(has_text="https://example.com/hook").get_by_text("Enabled")).to_be_visible()
    expect(row.filter(has_text="https://example.com/off").get_by_text("are kept")).to_be_visible()
    expect(row.filter(has_text="poll://messages").get_by_text("Polled")).to_be_visible()
    expect(row.filter(has_text="/status/500").get_by_text("Failing")).to_be_visible()
    expect(row.filter(has_text="/status/500").get_by_text("It failed first")).to_be_visible()
    expect(page.get_by_text(MARKUP)).to_be_visible()
    assert has_no_markup(page)
    assert "#" not in page.url
    assert accessibility_violations(page) == []


def test_the_activity_of_a_page_of_endpoints_is_one_request(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    ids = [create_endpoint(api, app, url=f"{receiver.url}/ok/{n}") for n in range(2)]
    ids.append(create_endpoint(api, app, url="https://example.com/off", disabled=True))
    for n in range(3):
        api.post(f"{app}/msg", json={"eventType": "a.b", "payload": {"n": n}}).raise_for_status()
    until(
        lambda: sum(_successes(api, app, ids)) == 6,
        20,
        "the attempts are counted",
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(portal_link())
    expect(page.get_by_role("img", name="3 succeeded, 0 failed")).to_have_count(2)
    expect(page.get_by_role("img", name="Nothing sent")).to_have_count(1)
    (request,) = [url for url in asked if "/stats/endpoints?" in url]
    assert all(f"endpoint_id={id_}" in request for id_ in ids)


def _successes(api: httpx.Client, app: str, ids: list[str]) -> list[int]:
    found = api.get(f"{app}/stats/endpoints", params={"endpoint_id": ids}).raise_for_status()
    return [sum(one["success"]) for one in found.json()["data"]]


def test_many_endpoints_come_page_by_page(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    for n in range(51):
        create_endpoint(api, app, url=f"https://example.com/{n}")
    page.goto(portal_link())
    expect(page.get_by_role("row")).to_have_count(51)  # 50, and the head
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("row")).to_have_count(52)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_a_list_that_cannot_be_read_can_be_tried_again(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    create_endpoint(api, app)
    problem = {"code": "forbidden", "detail": "Not today."}
    page.route("**/endpoint?*", lambda route: route.fulfill(status=403, json=problem))
    page.goto(portal_link())
    expect(page.get_by_role("alert")).to_contain_text("Not today.")
    page.unroute("**/endpoint?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="https://example.com/hook")).to_be_visible()


def test_an_endpoint_is_created_with_the_keyboard_alone(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    page.goto(portal_link())
    page.get_by_role("link", name="Add endpoint").focus()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="URL").focus()
    page.keyboard.type("https://example.com/keys")
    page.keyboard.press("Tab")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="https://example.com/keys")).to_be_visible()
    created = only_endpoint(api, app)
    assert created["url"] == "https://example.com/keys"
    assert created["description"] == "By keyboard"
    assert created["eventTypes"] is None


def test_an_endpoint_is_created_with_all_that_the_form_has(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, event_types: list[str]
) -> None:
    open_portal(page, portal_link(), "/endpoints/new")
    fill_url(page, "https://example.com/all")
    page.get_by_label("Description").fill("Everything")
    tick(page.get_by_label("Selected events"))
    page.get_by_label("Search events").fill(event_types[0].partition(".")[0])
    expect(page.get_by_text("0 selected, 2 found")).to_be_visible()
    # Not `check`, which looks only once whether the box is ticked: the form renders it later.
    page.get_by_role("checkbox", name=event_types[0].partition(".")[0], exact=False).first.click()
    expect(page.get_by_text("2 selected, 2 found")).to_be_visible()
    page.get_by_role("combobox", name="Channels").fill("eu")
    page.keyboard.press("Enter")
    tick(page.get_by_label("Key pair (Ed25519)"))
    page.get_by_label("Rate limit").fill("7")
    page.get_by_role("button", name="Add a header").click()
    page.get_by_label("Name of header 1").fill("X-Api-Key")
    page.get_by_label("Value of header 1").fill("secret-value")
    page.get_by_role("button", name="More options").click()
    page.get_by_label("Order", exact=True).select_option("fifo")
    page.get_by_label("Requests at the same time").fill("3")
    page.get_by_label("Time limit").fill("9")
    tick(page.get_by_label("Retry schedule of its own"))
    page.get_by_label("Seconds before each retry").fill("5, 300")
    page.get_by_label("Format of the payload").select_option("cloudevents-structured")
    page.get_by_label("Source of the events").fill("https://example.com/billing")
    page.get_by_label("Names of the signature headers").select_option("svix")
    page.get_by_label("Kind", exact=True).select_option("basic")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill("hunter2")
    tick(page.get_by_label("The receiver may stop deliveries"), on=False)
    page.get_by_label("While the endpoint is disabled").select_option("keep")
    page.get_by_label("Filter").fill("payload.amount > 10")
    page.get_by_label("UID").fill("all")
    page.get_by_label("Metadata").fill('{"team": 3}')
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.get_by_text("Write an object of texts")).to_be_visible()
    page.get_by_label("Metadata").fill('{"team": "billing"}')
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.get_by_role("heading", name="https://example.com/all")).to_be_visible()
    created = only_endpoint(api, app)
    assert {name: created[name] for name in _ALL} == _ALL | {"eventTypes": event_types[:2]}
    assert created["authentication"] == {"type": "basic", "username": "ada"}
    headers = api.get(f"{app}/endpoint/{created['id']}/headers").json()
    assert headers == {"headers": {}, "sensitive": ["X-Api-Key"]}
    secret = api.get(f"{app}/endpoint/{created['id']}/secret").json()["key"]
    assert secret.startswith("whpk_")


_ALL = {
    "metadata": {"team": "billing"},
    "description": "Everything",
    "eventTypes": [],
    "channels": ["eu"],
    "throttleRate": 7,
    "ordering": "fifo",
    "concurrency": 3,
    "timeoutSeconds": 9,
    "retrySchedule": [5, 300],
    "payloadFormat": "cloudevents-structured",
    "eventSource": "https://example.com/billing",
    "signatureHeaders": "svix",
    "receiverControl": False,
    "whileDisabled": "keep",
    "filter": "payload.amount > 10",
    "uid": "all",
}


def test_a_polled_endpoint_is_created(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    open_portal(page, portal_link(), "/endpoints/new")
    page.get_by_text("Polled by you").click()
    expect(page.get_by_role("textbox", name="URL")).to_have_count(0)
    page.get_by_label("Description").fill("Warehouse")
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.get_by_role("heading", name="Consumers")).to_be_visible()
    assert only_endpoint(api, app)["url"] == "poll://messages"
    assert accessibility_violations(page) == []


def test_a_secret_of_ones_own_is_taken(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    open_portal(page, portal_link(), "/endpoints/new")
    fill_url(page, "https://example.com/own")
    tick(page.get_by_label("A secret of your own"))
    page.get_by_label("Secret", exact=True).fill("too-short")
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.get_by_label("Secret", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Secret", exact=True).fill("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.get_by_role("heading", name="https://example.com/own")).to_be_visible()
    created = only_endpoint(api, app)
    secret = api.get(f"{app}/endpoint/{created['id']}/secret").json()["key"]
    assert secret == "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def test_what_the_api_refuses_is_said_at_its_field(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    open_portal(page, portal_link(), "/endpoints/new")
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.get_by_text("Give the URL of the endpoint.")).to_be_visible()
    fill_url(page, "https://user:pw@example.com/hook")
    tick(page.get_by_label("Selected events"))
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.get_by_text("Select at least one event, or choose all events.")).to_be_visible()
    tick(page.get_by_label("All events, also future ones"))
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.get_by_role("textbox", name="URL")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_be_visible()
    assert accessibility_violations(page) == []
    assert api.get(f"{app}/endpoint").json()["data"] == []


def test_a_fault_among_the_folded_options_is_seen(page: Page, portal_link: PortalLink) -> None:
    open_portal(page, portal_link(), "/endpoints/new")
    fill_url(page, "https://example.com/hook")
    page.get_by_role("button", name="More options").click()
    page.get_by_label("Filter").fill("payload.")
    page.get_by_role("button", name="Fewer options").click()
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.get_by_label("Filter")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Filter")).to_be_visible()


def test_a_url_is_checked_while_it_is_typed(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    refused = "https://user@example.com/hook"
    checked = api.post(f"{app}/endpoint-url/check", json={"url": refused}).json()
    assert checked["accepted"] is False
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_portal(page, portal_link(), "/endpoints/new")
    field = page.get_by_role("textbox", name="URL")
    below = page.get_by_label("Description")
    place = below.bounding_box()
    field.press_sequentially(refused, delay=5)
    expect(page.get_by_text(checked["conclusion"])).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    # A click that is just being made does not miss its target.
    assert below.bounding_box() == place
    # Typing is no reason to ask for every letter.
    assert len([url for url in asked if url.endswith("/endpoint-url/check")]) <= 3
    field.fill(f"{receiver.url}/ok/a")
    expect(page.get_by_text("Webhooks can be delivered to this URL.")).to_be_visible()
    expect(field).not_to_have_attribute("aria-invalid", "true")
    assert below.bounding_box() == place
    assert api.get(f"{app}/endpoint").json()["data"] == []


def test_an_endpoint_is_changed_and_only_what_changed_is_sent(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    endpoint = create_endpoint(
        api,
        app,
        throttleRate=5,
        channels=["eu"],
        headers={"X-Team": "a", "X-Old": "b", "X-Token": "secret"},
        metadata={"kept": "yes"},
    )
    open_portal(page, portal_link(), f"/endpoints/{endpoint}/edit")
    expect(page.get_by_label("Rate limit")).to_have_value("5")
    page.get_by_label("Rate limit").fill("")
    page.get_by_label("Description").fill("Changed")
    page.get_by_label("Value of header 1").fill("new")
    page.get_by_role("button", name="Remove header X-Old").click()
    with page.expect_request(lambda request: request.method == "PATCH") as sent:
        page.get_by_role("button", name="Save").click()
    assert sent.value.post_data_json == {"description": "Changed", "throttleRate": None}
    expect(page.get_by_text("Changed", exact=True)).to_be_visible()
    changed = endpoint_of(api, app, endpoint)
    assert changed["throttleRate"] is None
    assert changed["channels"] == ["eu"]
    assert changed["metadata"] == {"kept": "yes"}
    headers = api.get(f"{app}/endpoint/{endpoint}/headers").json()
    assert headers == {"headers": {"X-Team": "new"}, "sensitive": ["X-Token"]}


@pytest.mark.parametrize("width", [360, 3840])
def test_the_form_fits_narrow_and_wide_screens(
    width: int, new_page: NewPage, portal_link: PortalLink
) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    open_portal(page, portal_link(), "/endpoints/new")
    page.get_by_role("button", name="More options").click()
    expect(page.get_by_label("UID")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_who_may_only_look_sees_no_way_to_change(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    endpoint = create_endpoint(api, app)
    open_portal(page, portal_link(readOnly=True))
    expect(page.get_by_role("link", name="https://example.com/hook")).to_be_visible()
    expect(page.get_by_role("link", name="Add endpoint")).to_have_count(0)
    open_portal(page, portal_link(readOnly=True), "/endpoints/new")
    expect(page.get_by_text("You may look at endpoints, but not change them.")).to_be_visible()
    expect(page.get_by_role("textbox", name="URL")).to_have_count(0)
    page.goto(f"{page.url.partition('/portal')[0]}/portal/endpoints/{endpoint}")
    expect(page.get_by_role("tab", name="Overview")).to_be_visible()
    for name in ("Edit", "Disable", "Delete", "Rotate"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("tab", name="Test")).to_have_count(0)
    expect(page.get_by_role("heading", name="Signing secret")).to_have_count(0)
