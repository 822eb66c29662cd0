"""The portal's table of deliveries: filters in the URL, live rows, and what may not be shown."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, Request, Route, expect

from ..waiting import until  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .conftest import NewPage
from .watched_page import accessibility_violations

XSS = "<img/src=x onerror=alert(1)>"
type PortalLink = Callable[..., str]


def endpoint(api: httpx.Client, app: str, url: str, **members: Any) -> str:
    created = api.post(f"{app}/endpoint", json={"url": url, **members})
    assert created.status_code == 201, created.text
    return str(created.json()["id"])


def post(api: httpx.Client, app: str, event_type: str = "invoice.paid", **members: Any) -> str:
    message = {"eventType": event_type, "payload": {"id": 1}, **members}
    posted = api.post(f"{app}/msg", json=message)
    assert posted.status_code == 202, posted.text
    return str(posted.json()["id"])


def attempts(api: httpx.Client, app: str, **query: Any) -> list[dict[str, Any]]:
    found = api.get(f"{app}/search/attempts", params={"latest": True, **query})
    assert found.status_code == 200, found.text
    return list(found.json()["data"])


def wait_for_attempts(api: httpx.Client, app: str, count: int, **query: Any) -> None:
    until(lambda: len(attempts(api, app, **query)) == count, 60, f"{count} deliveries: {query}")


def open_deliveries(page: Page, link: str, query: str = "") -> None:
    """Open the table, signed in by the link."""
    page.goto(link.replace("/portal", f"/portal/deliveries{query}", 1))
    expect(page.get_by_role("heading", name="Deliveries", level=1)).to_be_visible()


def rows(page: Page) -> Any:
    return (
        page.get_by_role("table", name="Deliveries")
        .get_by_role("row")
        .filter(has=page.locator("a"))
    )


def test_an_application_without_deliveries_says_so(page: Page, portal_link: PortalLink) -> None:
    page.goto(portal_link())
    page.get_by_role("navigation").get_by_role("link", name="Deliveries").click()
    expect(page.get_by_role("heading", name="No deliveries yet")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert accessibility_violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_deliveries_are_filtered_by_the_url(
    new_page: NewPage,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
    scheme: str,
) -> None:
    good = endpoint(api, app, f"{receiver.url}/ok/good")
    bad = endpoint(api, app, f"{receiver.url}/status/500", eventTypes=["invoice.void"])
    paid = post(api, app, eventId=f"order-{uuid4().hex}", tags=["vip"])
    failed = post(api, app, "invoice.void")
    wait_for_attempts(api, app, 1, status=2, will_retry=False)
    wait_for_attempts(api, app, 3)
    page = new_page(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
    open_deliveries(page, portal_link())
    expect(rows(page)).to_have_count(3)
    assert accessibility_violations(page) == []
    if scheme == "dark":
        return

    def shows(query: str, *messages: tuple[str, str]) -> None:
        """The rows are those messages with a state, and the URL says what is filtered by."""
        expect(rows(page)).to_have_count(len(messages))
        for message, state in messages:
            row = rows(page).filter(has_text=message).filter(has_text=state)
            expect(row).to_have_count(1)
        assert parse_qs(urlsplit(page.url).query) == parse_qs(query)

    page.get_by_label("Status").select_option("Delivered")
    shows("status=delivered", (paid, "Delivered"), (failed, "Delivered"))
    page.get_by_label("Status").select_option("Failed")
    shows("status=failed", (failed, "Failed"))
    page.get_by_label("Endpoint").select_option(good)
    expect(page.get_by_role("heading", name="No deliveries match")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Endpoint").select_option(bad)
    shows(f"endpoint={bad}", (failed, "Failed"))
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Event type").fill("invoice.paid")
    shows("type=invoice.paid", (paid, "Delivered"))
    page.reload()
    shows("type=invoice.paid", (paid, "Delivered"))
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Tag").fill("vip")
    shows("tag=vip", (paid, "Delivered"))
    expect(page.get_by_text("These filters are not followed live.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Search ids").fill("order-")
    page.get_by_label("Search ids").press("Enter")
    shows("q=order-", (paid, "Delivered"))
    page.get_by_label("Search ids").fill(failed)
    shows(f"q={failed}", (failed, "Failed"), (failed, "Delivered"))
    page.get_by_label("Search ids").fill("msg_~")
    expect(page.get_by_role("alert")).to_contain_text("It begins with `msg_`.")
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Time").select_option("Last hour")
    expect(rows(page)).to_have_count(3)
    page.get_by_label("Time").select_option("From … to …")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    page.get_by_label("From").fill(f"{tomorrow:%Y-%m-%dT%H:%M}")
    expect(page.get_by_role("heading", name="No deliveries match")).to_be_visible()
    page.get_by_label("From").fill("2020-01-01T00:00")
    expect(rows(page)).to_have_count(3)


def test_deliveries_appear_as_they_happen(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint(api, app, f"{receiver.url}/ok/live")
    for _ in range(40):
        post(api, app)
    wait_for_attempts(api, app, 40)
    open_deliveries(page, portal_link())
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text("40 deliveries")).to_be_attached()
    at_once = post(api, app)
    expect(rows(page).first).to_contain_text(at_once)

    # A reader who scrolled is not disturbed.
    scroller = page.get_by_role("region", name="Deliveries, newest first")
    scroller.focus()
    page.keyboard.press("End")
    expect(rows(page).last).to_be_in_viewport()
    later = [post(api, app) for _ in range(3)]
    page.get_by_role("button", name="3 new").click()
    expect(rows(page).first).to_contain_text(later[-1])

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused.")).to_be_visible()
    unseen = post(api, app)
    wait_for_attempts(api, app, 45)
    page.get_by_role("button", name="Refresh").click()
    expect(rows(page).first).to_contain_text(unseen)


def test_a_hidden_tab_follows_nothing_and_goes_on_where_it_was(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint(api, app, f"{receiver.url}/ok/hidden")
    streams: list[str | None] = []

    def note(request: Request) -> None:
        if "/events?" in request.url:
            streams.append(request.headers.get("last-event-id"))

    page.on("request", note)
    open_deliveries(page, portal_link())
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    first = post(api, app)
    expect(rows(page).first).to_contain_text(first)
    set_visibility = """(state) => {
      Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(set_visibility, "hidden")
    expect(page.get_by_text("Not connected: new deliveries do not appear.")).to_be_visible()
    meanwhile = post(api, app)
    wait_for_attempts(api, app, 2)
    page.evaluate(set_visibility, "visible")
    expect(rows(page).first).to_contain_text(meanwhile)
    assert streams[0] is None
    assert streams[-1] is not None


def test_without_the_stream_a_sentence_says_so(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint(api, app, f"{receiver.url}/ok/streamless")
    page.route("**/events?*", lambda route: route.fulfill(status=429))
    open_deliveries(page, portal_link())
    expect(page.get_by_text("Not connected: new deliveries do not appear.")).to_be_visible()
    message = post(api, app)
    wait_for_attempts(api, app, 1)
    page.get_by_role("button", name="Refresh").click()
    expect(rows(page)).to_contain_text(message)


EVENTS = "**/events?*"


def test_more_events_than_are_kept_leave_a_marker(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint(api, app, f"{receiver.url}/ok/marker")
    for _ in range(40):
        post(api, app)
    wait_for_attempts(api, app, 40)
    flood = "".join(
        f'id: {number}\nevent: attempt.succeeded\ndata: {{"id": "atmpt_{number}", "msgId":'
        f' "msg_{number}", "endpointId": "ep_1", "eventType": "flood", "responseStatusCode": 200,'
        f' "responseDurationMs": 1, "nextAttempt": null, "timestamp": "2999-01-01T00:00:00Z"}}\n\n'
        for number in range(5_000)
    )
    # The list is read first: it would take the place of what comes before it.
    page.route(EVENTS, lambda route: route.fulfill(body="", content_type="text/event-stream"))
    open_deliveries(page, portal_link())
    expect(rows(page).first).to_be_visible()
    page.unroute(EVENTS)
    page.route(
        EVENTS,
        lambda route: route.fulfill(body=flood, content_type="text/event-stream"),
        times=1,
    )
    expect(page.get_by_text("flood").first).to_be_visible()
    expect(page.get_by_text("4,800 more deliveries came in than are kept here.")).to_have_count(0)
    scroller = page.get_by_role("region", name="Deliveries, newest first")
    scroller.evaluate("(element) => element.scrollTo(0, 200 * 48 - 300)")
    marker = page.get_by_role("row").filter(has_text="more deliveries came in")
    expect(marker).to_be_visible()
    assert accessibility_violations(page) == []
    marker.get_by_role("button", name="Load them").click()
    expect(marker).to_have_count(0)
    expect(rows(page).first).not_to_contain_text("flood")


def test_the_keyboard_alone_leads_to_a_delivery(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint(api, app, f"{receiver.url}/ok/keyboard")
    message = post(api, app)
    wait_for_attempts(api, app, 1)
    open_deliveries(page, portal_link())
    expect(rows(page)).to_have_count(1)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == message:
            break
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/portal/deliveries/{message}"))
    expect(page.get_by_role("heading", name="invoice.paid", level=1)).to_be_visible()


def test_a_page_that_fails_says_why_and_can_be_tried_again(
    page: Page, portal_link: PortalLink
) -> None:
    def fail(route: Route) -> None:
        problem = '{"code": "conflict", "detail": "The search is not possible now."}'
        route.fulfill(status=409, body=problem, content_type="application/json")

    page.route("**/search/attempts?*", fail)
    open_deliveries(page, portal_link())
    expect(page.get_by_role("alert")).to_contain_text("The search is not possible now.")
    assert accessibility_violations(page) == []
    page.unroute("**/search/attempts?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="No deliveries yet")).to_be_visible()


@pytest.mark.parametrize(
    ("width", "height", "direction"), [(360, 640, "ltr"), (3840, 2160, "ltr"), (1024, 768, "rtl")]
)
def test_hostile_strings_are_text_at_every_width(
    new_page: NewPage,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
    width: int,
    height: int,
    direction: str,
) -> None:
    url = f"{receiver.url}/ok/%3Cscript%3Ealert(1)%3C/script%3E?{'x' * 300}"
    endpoint(api, app, url, description=XSS)
    post(api, app, tags=[XSS], payload={XSS: XSS})
    wait_for_attempts(api, app, 1)
    page = new_page(viewport={"width": width, "height": height})
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    open_deliveries(page, portal_link())
    page.evaluate("(direction) => { document.documentElement.dir = direction }", direction)
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("%3Cscript%3E")
    page.get_by_label("Tag").fill(XSS)
    expect(rows(page)).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert accessibility_violations(page) == []
    # The link covers its row.
    rows(page).get_by_text("invoice.paid").click(position={"x": 2, "y": 2}, force=True)
    expect(page.get_by_role("heading", name="Payload")).to_be_visible()
    expect(page.get_by_role("region", name="Payload")).to_contain_text("<img/src=x")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
