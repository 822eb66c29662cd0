"""The portal's page of a message: its payload, its attempts, and what one can do about them."""

import json
import re
import subprocess
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from ..webhook_receiver import WebhookReceiver  # noqa: TID252 - tests are no installed package
from .conftest import NewPage
from .test_portal_deliveries import XSS, attempts, endpoint, post, wait_for_attempts
from .watched_page import accessibility_violations

type PortalLink = Callable[..., str]


def open_message(page: Page, link: str, message: str, query: str = "") -> None:
    """Open the message's page, signed in by the link."""
    page.goto(link.replace("/portal", f"/portal/deliveries/{message}{query}", 1))
    expect(page.get_by_role("heading", name="Payload")).to_be_visible()


def status_of(api: httpx.Client, app: str, message: str) -> list[str]:
    found = api.get(f"{app}/msg/{message}/endpoint").json()["data"]
    return [item["statusText"] for item in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_failed_delivery_shows_its_attempts_request_and_response(
    new_page: NewPage,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
    scheme: str,
) -> None:
    endpoint(api, app, f"{receiver.url}/status/500/a", headers={"X-Api-Key": "s3cret"})
    message = post(
        api,
        app,
        eventId="evt-17",
        channels=["eu"],
        tags=["vip"],
        payload={"big": 12345678901234567},
    )
    wait_for_attempts(api, app, 1, status=2, will_retry=False)
    page = new_page(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
    open_message(page, portal_link(), message)
    details = page.get_by_role("region", name="Message")
    for text in (message, "evt-17", "eu", "vip"):
        expect(details).to_contain_text(text)
    expect(page.get_by_role("region", name="Payload")).to_contain_text('"big": 12345678901234567')
    timeline = page.get_by_role("table", name="Attempts, newest first")
    expect(timeline.get_by_role("row")).to_have_count(4)
    for number in (1, 2, 3):
        expect(timeline.get_by_role("link", name=f"Attempt {number}")).to_be_visible()
    for phase in ("DNS", "Connect", "TLS", "First byte", "Body", "Total"):
        expect(timeline.get_by_role("columnheader", name=phase, exact=True)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Why it failed")
    request = page.get_by_role("region", name="Request", exact=True)
    headers = request.get_by_role("table", name="Request headers")
    expect(headers.get_by_role("row").filter(has_text="webhook-id")).to_contain_text(message)
    secret = headers.get_by_role("row").filter(has_text="x-api-key")
    expect(secret).to_contain_text("Sent; its value is a secret and is not stored.")
    expect(page.locator("body")).not_to_contain_text("s3cret")
    response = page.get_by_role("region", name="Response", exact=True)
    expect(response).to_contain_text("500")
    expect(response.get_by_role("table", name="Response headers")).to_contain_text("content-type")
    assert accessibility_violations(page) == []

    # Each attempt can be opened, and has an address of its own.
    timeline.get_by_role("link", name="Attempt 1").click()
    first = attempts_of(api, app, message)[-1]
    expect(page).to_have_url(re.compile(f"attempt={first['id']}$"))
    expect(timeline.get_by_role("link", name="Attempt 1")).to_have_attribute(
        "aria-current", re.compile("page|true")
    )


def attempts_of(api: httpx.Client, app: str, message: str) -> list[dict[str, Any]]:
    """Newest first."""
    return list(api.get(f"{app}/attempt/msg/{message}").json()["data"])


def test_the_curl_command_sends_the_same_bytes(
    new_page: NewPage,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
) -> None:
    endpoint(api, app, f"{receiver.url}/ok/curl")
    body = '{"it\'s": "$HOME `id` \\u00fc",\n\n"spaced" :1e2}'
    message = post(api, app, payload={}, transformationsParams={"rawPayload": body})
    wait_for_attempts(api, app, 1)
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    open_message(page, portal_link(), message)
    payload = page.get_by_role("region", name="Payload")
    expect(payload).to_contain_text("1e2")
    raw = page.get_by_role("group", name="Form of the payload").get_by_role("button", name="Raw")
    raw.click()
    assert payload.locator("pre").text_content() == body
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    # Elsewhere and under another id, so that the receiver tells it from the webhook.
    command = command.replace("/ok/curl", "/ok/copied").replace(message, "msg_copied")
    subprocess.run(["bash", "-c", f"{command} --noproxy '*' --silent"], check=True, timeout=30)
    (sent,), (copied,) = receiver.entries("/ok/curl"), receiver.entries("/ok/copied")
    assert sent["body"] == copied["body"] == body
    assert (sent["timestamp"], sent["signature"]) == (copied["timestamp"], copied["signature"])


@pytest.mark.parametrize(
    ("options", "content"),
    [
        ({"payloadFormat": "envelope"}, {}),
        ({"payloadFormat": "cloudevents-structured", "eventSource": "urn:acme:billing"}, {}),
        ({"payloadFormat": "cloudevents-structured"}, {"content-type": "text/plain"}),
        ({"payloadFormat": "cloudevents-binary"}, {}),
    ],
)
def test_the_request_has_the_bytes_of_the_endpoints_format(
    new_page: NewPage,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
    options: dict[str, str],
    content: dict[str, str],
) -> None:
    endpoint(api, app, f"{receiver.url}/ok/format", **options)
    raw = {"rawPayload": '{"a": 1.0, "ä": "\\u00fc"}'} | ({"headers": content} if content else {})
    message = post(api, app, payload={}, transformationsParams=raw)
    wait_for_attempts(api, app, 1)
    page = new_page()
    open_message(page, portal_link(), message)
    request = page.get_by_role("region", name="Request", exact=True)
    request.get_by_role("button", name="Raw").click()
    (sent,) = receiver.entries("/ok/format")
    expect(request.get_by_role("region", name="Request body").locator("pre")).to_have_text(
        sent["body"]
    )


def test_resend_is_shown_as_it_happens(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint(api, app, f"{receiver.url}/ok/again")
    message = post(api, app)
    wait_for_attempts(api, app, 1)
    open_message(page, portal_link(), message)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.get_by_role("button", name="Resend").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Sent again.")).to_be_visible()
    timeline = page.get_by_role("table", name="Attempts, newest first")
    expect(timeline.get_by_role("row").filter(has_text="resent")).to_have_count(1)
    assert len(attempts_of(api, app, message)) == 2


def test_what_is_pending_is_canceled(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint(api, app, f"{receiver.url}/status/503/later", retrySchedule=[3600])
    message = post(api, app)
    wait_for_attempts(api, app, 1)
    open_message(page, portal_link(), message)
    delivery = page.get_by_role("region", name="Delivery to")
    expect(delivery).to_contain_text("Retrying")
    expect(delivery).to_contain_text("Next attempt in")
    page.get_by_role("button", name="Cancel what is pending").click()
    expect(page.get_by_role("status").filter(has_text="Canceled.")).to_be_visible()
    expect(delivery.get_by_text("Canceled", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Cancel what is pending")).to_have_count(0)
    assert accessibility_violations(page) == []


def test_a_message_shows_each_of_its_endpoints(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    first = endpoint(api, app, f"{receiver.url}/ok/first")
    second = endpoint(api, app, f"{receiver.url}/status/404/second")
    message = post(api, app)
    wait_for_attempts(api, app, 2)
    wait_for_attempts(api, app, 1, status=2, will_retry=False)
    open_message(page, portal_link(), message, f"?endpoint={second}")
    links = page.get_by_role("list", name="Endpoints of this message")
    expect(page.get_by_role("region", name="Delivery to")).to_contain_text("/status/404/second")
    links.get_by_role("link", name="/ok/first").click()
    expect(page.get_by_role("region", name="Delivery to")).to_contain_text("Delivered")
    expect(page).to_have_url(re.compile(f"endpoint={first}$"))


def test_deleted_content_is_said_to_be_deleted(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint(api, app, f"{receiver.url}/ok/deleted")
    message = post(api, app)
    wait_for_attempts(api, app, 1)
    deleted = api.delete(f"{app}/msg/{message}/content")
    assert deleted.status_code == 204, deleted.text
    open_message(page, portal_link(), message)
    expect(page.get_by_text("The payload was deleted", exact=True)).to_be_visible()
    response = page.get_by_role("region", name="Response", exact=True)
    expect(response).to_contain_text("The response body was deleted.")
    assert accessibility_violations(page) == []


def test_what_a_token_may_not_do_is_not_offered(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint(api, app, f"{receiver.url}/status/503/viewer", retrySchedule=[3600])
    message = post(api, app)
    wait_for_attempts(api, app, 1)
    open_message(page, portal_link(readOnly=True), message)
    expect(page.get_by_role("region", name="Delivery to")).to_contain_text("Retrying")
    expect(page.get_by_role("button", name="Resend")).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel what is pending")).to_have_count(0)


def test_an_explanation_says_what_to_change_by_whom(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint(api, app, f"{receiver.url}/status/500/why")
    message = post(api, app)
    wait_for_attempts(api, app, 1, status=2, will_retry=False)
    explanation: dict[str, Any] = {
        "code": "tls_certificate_expired",
        "cause": f"The certificate of {XSS} expired.",
        "remedy": "Renew the certificate.",
        "remedyBy": "customer",
        "evidence": [{"name": "Certificate valid until", "value": XSS}],
        "documentation": "javascript:alert(1)",
    }

    def explained(route: Route) -> None:
        answered = route.fetch()
        route.fulfill(response=answered, json={**answered.json(), "explanation": explanation})

    page.route("**/attempt/atmpt_*", explained)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    open_message(page, portal_link(), message)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("What you can change")
    expect(alert).to_contain_text("Renew the certificate.")
    expect(alert.get_by_role("table", name="Evidence from this attempt")).to_contain_text(XSS)
    expect(alert.get_by_role("link")).to_have_count(0)
    page_of_code = "https://docs.example.com/failures"
    explanation["documentation"] = page_of_code
    page.reload()
    expect(alert.get_by_role("link")).to_have_attribute("href", page_of_code)
    assert accessibility_violations(page) == []


def test_a_long_response_is_marked_where_it_was_cut(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint(api, app, f"{receiver.url}/ok/long")
    message = post(api, app)
    wait_for_attempts(api, app, 1)

    def lengthened(route: Route) -> None:
        answered = route.fetch()
        route.fulfill(response=answered, json={**answered.json(), "response": "x" * 16_384})

    page.route("**/attempt/atmpt_*", lengthened)
    open_message(page, portal_link(), message)
    response = page.get_by_role("region", name="Response", exact=True)
    expect(response).to_contain_text("Cut here: only the first 16 KiB of a response are kept.")


def test_a_message_that_does_not_exist_is_not_found(page: Page, portal_link: PortalLink) -> None:
    page.goto(portal_link().replace("/portal", "/portal/deliveries/msg_none", 1))
    expect(page.get_by_role("alert")).to_contain_text("Not found")
    assert accessibility_violations(page) == []


@pytest.mark.parametrize(("width", "direction"), [(360, "ltr"), (1024, "rtl")])
def test_a_delivery_fits_every_width(
    new_page: NewPage,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
    width: int,
    direction: str,
) -> None:
    endpoint(api, app, f"{receiver.url}/status/400/{'long/' * 40}")
    message = post(api, app, payload={"text": "word" * 500, XSS: json.dumps([XSS])})
    wait_for_attempts(api, app, 1, status=2, will_retry=False)
    assert len(attempts(api, app)) == 1
    page = new_page(viewport={"width": width, "height": 800})
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    open_message(page, portal_link(), message)
    page.evaluate("(direction) => { document.documentElement.dir = direction }", direction)
    expect(page.get_by_role("region", name="Response", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert accessibility_violations(page) == []
