"""The portal's page of one endpoint."""

import json
import os
import subprocess
import sys
from pathlib import Path

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

_RUN_VERIFY = """
import json, sys
given = json.load(sys.stdin)
verify(given["headers"], given["body"].encode())
try:
    verify(given["headers"], b"{}")
except ValueError as refusal:
    print(refusal)
"""


def post_message(api: httpx.Client, app: str, event_type: str = "invoice.paid") -> str:
    """Post a message. Returns its id."""
    posted = api.post(f"{app}/msg", json={"eventType": event_type, "payload": {"n": 1}})
    return str(posted.raise_for_status().json()["id"])


def wait_for_statistics(api: httpx.Client, app: str, endpoint: str) -> None:
    """Wait until an attempt is counted."""
    until(
        lambda: api.get(f"{app}/stats/series?endpoint_id={endpoint}").json()["data"],
        20,
        "the attempts are counted",
    )


def times_received(receiver: WebhookReceiver) -> dict[str, int]:
    """How often each message was received."""
    return {entry["id"]: entry["times"] for entry in receiver.entries()}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_health_of_an_endpoint_is_in_numbers_and_words(
    scheme: str,
    new_page: NewPage,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
) -> None:
    endpoint = create_endpoint(api, app, url=f"{receiver.url}/status/502", description=MARKUP)
    message = post_message(api, app)
    wait_for_statistics(api, app, endpoint)
    page = new_page(color_scheme=scheme)
    open_portal(page, portal_link(), f"/endpoints/{endpoint}")
    health = page.get_by_role("region", name="Health")
    expect(health.get_by_text("0%")).to_be_visible()
    expect(health.get_by_text("p99")).to_be_visible()
    expect(health.get_by_text("Today (UTC)")).to_be_visible()
    expect(page.get_by_text("no attempt has succeeded since")).to_be_visible()
    attempts = page.get_by_role("region", name="Recent attempts")
    link = attempts.get_by_role("link", name="invoice.paid").first
    expect(link).to_have_attribute("href", f"/portal/deliveries/{message}")
    expect(attempts.get_by_text("Failed 502").first).to_be_visible()
    expect(page.get_by_text(MARKUP)).to_be_visible()
    assert has_no_markup(page)
    assert accessibility_violations(page) == []


def test_the_next_retry_is_named(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    url = f"{receiver.url}/status/500"
    endpoint = create_endpoint(api, app, url=url, retrySchedule=[36_000])
    post_message(api, app)
    wait_for_statistics(api, app, endpoint)
    open_portal(page, portal_link(), f"/endpoints/{endpoint}")
    health = page.get_by_role("region", name="Health")
    expect(health.get_by_text("1 for a retry, 0 for their turn")).to_be_visible()
    expect(health.locator("time")).to_contain_text("in ")


def test_an_endpoint_that_does_not_exist_is_not_found(page: Page, portal_link: PortalLink) -> None:
    open_portal(page, portal_link(), "/endpoints/ep_0356fD2OI17A4df7EFzPxR")
    expect(page.get_by_role("alert")).to_contain_text("Not found")
    assert accessibility_violations(page) == []


def test_the_secret_is_revealed_copied_and_rotated(
    new_page: NewPage, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    endpoint = create_endpoint(api, app)
    before = api.get(f"{app}/endpoint/{endpoint}/secret").json()["key"]
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    open_portal(page, portal_link(), f"/endpoints/{endpoint}")
    expect(page.get_by_text("whsec_••••")).to_be_visible()
    assert before not in page.content()
    page.get_by_role("button", name="Reveal the signing secret").click()
    expect(page.get_by_text(before)).to_be_visible()
    page.get_by_role("button", name="Copy the signing secret").click()
    expect(page.get_by_role("button", name="Copied the signing secret")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == before
    page.get_by_role("button", name="Rotate").click()
    dialog = page.get_by_role("dialog", name="Rotate the signing key?")
    expect(dialog.get_by_text("signed with both the old key and the new one")).to_be_visible()
    assert accessibility_violations(page) == []
    dialog.get_by_label("Overlap").select_option("3600")
    dialog.get_by_role("button", name="Rotate key").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text(before)).to_have_count(0)
    after = api.get(f"{app}/endpoint/{endpoint}/secret").json()["key"]
    assert after != before
    expect(page.get_by_text(after)).to_be_visible()
    page.get_by_role("button", name="Hide the signing secret").click()
    expect(page.get_by_text(after)).to_have_count(0)


def test_a_key_pair_is_rotated_to_another_key_pair(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    seed = "whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
    endpoint = create_endpoint(api, app, secret=seed)
    before = api.get(f"{app}/endpoint/{endpoint}/secret").json()["key"]
    open_portal(page, portal_link(), f"/endpoints/{endpoint}")
    page.get_by_role("button", name="Reveal the signing secret").click()
    expect(page.get_by_role("heading", name="Public key")).to_be_visible()
    page.get_by_role("button", name="Rotate").click()
    page.get_by_role("button", name="Rotate key").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    after = api.get(f"{app}/endpoint/{endpoint}/secret").json()["key"]
    assert after.startswith("whpk_")
    assert after != before


def test_headers_are_shown_and_secret_ones_are_not(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    headers = {"X-Team": MARKUP, "X-Api-Key": "very-secret"}
    endpoint = create_endpoint(api, app, headers=headers)
    open_portal(page, portal_link(), f"/endpoints/{endpoint}")
    region = page.get_by_role("region", name="Custom headers")
    expect(region.get_by_role("row", name="X-Team")).to_contain_text(MARKUP)
    expect(region.get_by_role("row", name="X-Api-Key")).to_contain_text("Hidden")
    assert has_no_markup(page)


def test_an_endpoint_is_disabled_and_enabled_again(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    endpoint = create_endpoint(api, app)
    open_portal(page, portal_link(), f"/endpoints/{endpoint}")
    page.get_by_role("button", name="Disable").click()
    dialog = page.get_by_role("dialog", name="Disable the endpoint?")
    expect(dialog.get_by_text("No delivery waits for it at the moment.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert endpoint_of(api, app, endpoint)["disabled"] is False
    page.get_by_role("button", name="Disable").click()
    dialog.get_by_role("button", name="Disable endpoint").click()
    expect(page.get_by_role("button", name="Enable")).to_be_visible()
    expect(page.get_by_text("Disabled", exact=True)).to_be_visible()
    assert endpoint_of(api, app, endpoint)["disabled"] is True
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_role("button", name="Disable")).to_be_visible()
    assert endpoint_of(api, app, endpoint)["disabled"] is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_deleting_says_what_happens_to_pending_deliveries(
    scheme: str,
    new_page: NewPage,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
) -> None:
    url = f"{receiver.url}/status/500"
    endpoint = create_endpoint(api, app, url=url, retrySchedule=[86_400])
    post_message(api, app)
    until(
        lambda: api.get(f"{app}/endpoint/{endpoint}/delivery-state").json()["scheduled"],
        20,
        "a retry is scheduled",
    )
    page = new_page(color_scheme=scheme)
    open_portal(page, portal_link(), f"/endpoints/{endpoint}")
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete the endpoint?")
    expect(dialog.get_by_text("1 delivery that waits for it is cancelled.")).to_be_visible()
    assert accessibility_violations(page) == []
    dialog.get_by_role("button", name="Delete endpoint").click()
    expect(page.get_by_role("heading", name="No endpoints yet")).to_be_visible()
    assert api.get(f"{app}/endpoint/{endpoint}").status_code == 404


@pytest.mark.parametrize(
    ("path", "outcome"), [("ok/a", "Succeeded 200"), ("status/403", "Failed 403")]
)
def test_a_test_event_is_answered_on_the_same_page(
    path: str,
    outcome: str,
    page: Page,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
) -> None:
    url = f"{receiver.url}/{path}"
    endpoint = create_endpoint(api, app, url=url, eventTypes=["nothing.else"])
    open_portal(page, portal_link(), f"/endpoints/{endpoint}?tab=test")
    page.get_by_label("Payload").fill('{"from": "the portal"}')
    page.get_by_role("button", name="Send").click()
    answer = page.get_by_role("status", name="The answer to the test event")
    expect(answer.get_by_text(outcome)).to_be_visible()
    attempt = api.get(f"{app}/attempt/endpoint/{endpoint}").json()["data"][0]
    delivery = answer.get_by_role("link", name="See the delivery")
    expect(delivery).to_have_attribute("href", f"/portal/deliveries/{attempt['msgId']}")
    sent = api.get(f"{app}/msg/{attempt['msgId']}").json()
    assert sent["eventType"] == "svix.ping"
    assert sent["payload"] == {"from": "the portal"}
    assert accessibility_violations(page) == []


def test_a_payload_that_is_no_json_is_not_sent(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    endpoint = create_endpoint(api, app)
    open_portal(page, portal_link(), f"/endpoints/{endpoint}?tab=test")
    page.get_by_label("Payload").fill("{")
    expect(page.get_by_text("This is not a JSON object.")).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_disabled()


def test_what_failed_is_recovered_after_a_dry_run(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    url = f"{receiver.url}/fail/1"
    endpoint = create_endpoint(api, app, url=url, retrySchedule=[])
    message = post_message(api, app)
    until(lambda: api.get(f"{app}/endpoint/{endpoint}/stats").json()["fail"], 20, "it has failed")
    open_portal(page, portal_link(), f"/endpoints/{endpoint}?tab=recover")
    page.get_by_role("button", name="Count the messages").click()
    expect(page.get_by_text("1 message would be sent")).to_be_visible()
    expect(page.get_by_text("None of them was delivered before.")).to_be_visible()
    expect(page.get_by_text("invoice.paid: 1")).to_be_visible()
    assert len(receiver.entries("/fail/1")) == 1
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Send 1 message").click()
    expect(page.get_by_text("The messages are sent in the background.")).to_be_visible()
    receiver.wait_accepted(message, path="/fail/1")


def test_a_replay_can_be_narrowed_to_event_types(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint = create_endpoint(api, app, url=f"{receiver.url}/ok/a")
    wanted = post_message(api, app, "user.created")
    other = post_message(api, app, "invoice.paid")
    receiver.wait_for_ids({wanted, other})
    until(
        lambda: api.get(f"{app}/endpoint/{endpoint}/stats").json()["success"] == 2,
        20,
        "both are on record",
    )
    open_portal(page, portal_link(), f"/endpoints/{endpoint}?tab=recover")
    tick(page.get_by_label("Replay everything"))
    page.get_by_role("button", name="Count the messages").click()
    expect(page.get_by_text("2 messages would be sent")).to_be_visible()
    expect(page.get_by_text("2 of them were delivered before")).to_be_visible()
    tick(page.get_by_label("invoice.paid: 1"), on=False)
    page.get_by_role("button", name="Send 1 message").click()
    expect(page.get_by_text("The messages are sent in the background.")).to_be_visible()
    until(lambda: times_received(receiver)[wanted] == 2, 20, "the message is sent again")
    assert times_received(receiver)[other] == 1


def test_nothing_to_recover_is_said(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    endpoint = create_endpoint(api, app)
    open_portal(page, portal_link(), f"/endpoints/{endpoint}?tab=recover")
    page.get_by_label("From when").select_option("time")
    expect(page.get_by_role("button", name="Count the messages")).to_be_disabled()
    page.get_by_label("Since").fill("2026-01-01T00:00")
    page.get_by_role("button", name="Count the messages").click()
    expect(page.get_by_text("There is nothing to send")).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_have_count(0)


@pytest.mark.parametrize("names", ["webhook", "svix"])
def test_the_code_for_python_verifies_what_the_endpoint_receives(
    names: str,
    page: Page,
    portal_link: PortalLink,
    api: httpx.Client,
    app: str,
    receiver: WebhookReceiver,
    tmp_path: Path,
) -> None:
    url = f"{receiver.url}/ok/a"
    endpoint = create_endpoint(api, app, url=url)
    entry = receiver.wait_accepted(post_message(api, app))
    headers = {f"{names}-{name}": entry[name] for name in ("id", "timestamp", "signature")}
    api.patch(f"{app}/endpoint/{endpoint}", json={"signatureHeaders": names}).raise_for_status()
    open_portal(page, portal_link(), f"/endpoints/{endpoint}?tab=verify")
    code = page.get_by_role("region", name="the code in Python").inner_text()
    assert f'"{names}-signature"' in code
    program = tmp_path / "verify.py"
    program.write_text(code + _RUN_VERIFY)
    secret = api.get(f"{app}/endpoint/{endpoint}/secret").json()["key"]
    ran = subprocess.run(
        [sys.executable, str(program)],
        input=json.dumps({"headers": headers, "body": entry["body"]}),
        env={**os.environ, "WEBHOOK_SECRET": secret},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ran.stdout.strip() == "no signature is valid", ran.stderr


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_there_is_code_in_eight_languages(
    scheme: str, new_page: NewPage, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    endpoint = create_endpoint(api, app)
    page = new_page(color_scheme=scheme)
    open_portal(page, portal_link(), f"/endpoints/{endpoint}?tab=verify")
    choice = page.get_by_label("Language")
    expect(choice.locator("option")).to_have_count(8)
    languages = choice.locator("option").all_inner_texts()
    for language in languages:
        choice.select_option(language)
        expect(page.get_by_role("region", name=f"the code in {language}")).to_be_visible()
    page.get_by_label("Signing key").select_option("pair")
    expect(page.get_by_text("WEBHOOK_PUBLIC_KEY").first).to_be_visible()
    assert accessibility_violations(page) == []


def test_tabs_are_in_the_address_and_work_with_the_keyboard(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    endpoint = create_endpoint(api, app)
    open_portal(page, portal_link(), f"/endpoints/{endpoint}")
    page.get_by_role("tab", name="Overview").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="Send a test event")).to_be_visible()
    assert page.url.endswith("?tab=test")
    page.reload()
    expect(page.get_by_role("tab", name="Test")).to_have_attribute("aria-selected", "true")


def test_the_consumers_of_a_polled_endpoint_are_shown(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    endpoint = create_endpoint(api, app, url="poll://messages")
    post_message(api, app)
    consumer = f"{app}/poller/{endpoint}/consumer/nightly"
    until(lambda: api.get(consumer).json()["data"], 20, "the message can be polled")
    open_portal(page, portal_link(), f"/endpoints/{endpoint}")
    row = page.get_by_role("row", name="nightly")
    expect(row.get_by_role("cell", name="1", exact=True)).to_be_visible()
    for name in ("Signing secret", "Custom headers", "Health"):
        expect(page.get_by_role("heading", name=name)).to_have_count(0)
    expect(page.get_by_role("tab", name="Verify signatures")).to_have_count(0)
    page.get_by_role("tab", name="Recover and replay").click()
    expect(page.get_by_label("Replay everything")).to_be_visible()
    expect(page.get_by_label("Recover what failed")).to_have_count(0)
    assert accessibility_violations(page) == []


@pytest.mark.parametrize("width", [360, 3840])
def test_the_page_fits_narrow_and_wide_screens(
    width: int, new_page: NewPage, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    endpoint = create_endpoint(api, app, url=f"https://example.com/{'long' * 60}")
    page = new_page(viewport={"width": width, "height": 900})
    open_portal(page, portal_link(), f"/endpoints/{endpoint}")
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_capabilities_decide_what_is_shown(
    page: Page, portal_link: PortalLink, api: httpx.Client, app: str
) -> None:
    endpoint = create_endpoint(api, app)
    link = portal_link(capabilities=["ViewBase", "ViewEndpointSecret", "CreateAttempts"])
    open_portal(page, link, f"/endpoints/{endpoint}")
    expect(page.get_by_role("button", name="Reveal the signing secret")).to_be_visible()
    expect(page.get_by_role("button", name="Rotate")).to_have_count(0)
    expect(page.get_by_role("tab", name="Test")).to_be_visible()
    expect(page.get_by_role("heading", name="Custom headers")).to_have_count(0)
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
