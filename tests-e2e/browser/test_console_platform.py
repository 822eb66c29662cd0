"""The platform and its quarantine in the console."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from .conftest import OpenConsole
from .watched_page import violations_in_both_schemes

QUARANTINE = "quarantine:worker"
XSS = "<img src=x onerror=\"console.error('xss')\">"


@pytest.fixture
def entry_id(platform: DevPlatform) -> str:
    """An entry in quarantine that no service can read."""
    fields: Any = {
        "stream": "deliveries.requested:{0}",
        "entry_id": "1-1",
        "reason": f"failed 5 times: {XSS}",
        "body": b"\x00secret " + XSS.encode(),
    }
    added: Any = Redis.from_url(str(platform.state["redis_url"])).xadd(QUARANTINE, fields)
    return f"worker/{added.decode()}"


def test_the_platform_page_shows_processes_streams_and_findings(
    page: Page, open_console: OpenConsole, api: httpx.Client
) -> None:
    open_console("/platform")
    processes = page.get_by_role("table", name="Processes")
    version = api.get("/platform").json()["version"]
    for service in ("gateway", "dispatcher", "worker"):
        row = processes.get_by_role("row").filter(has_text=service)
        expect(row).to_contain_text("Running")
        expect(row).to_contain_text(version)
    streams = page.get_by_role("table", name="Streams")
    expect(streams.get_by_role("row").filter(has_text="messages.accepted")).to_contain_text(
        "dispatcher"
    )
    page.get_by_role("button", name="Show all checks").click()
    expect(page.get_by_text("Well: redis", exact=True)).to_be_visible()
    assert violations_in_both_schemes(page) == []
    page.get_by_role("button", name="Examine again").click()
    expect(page.get_by_text("Well: redis", exact=True)).to_be_visible()


@pytest.mark.usefixtures("entry_id")
def test_a_finding_says_what_to_do(
    page: Page, open_console: OpenConsole, api: httpx.Client
) -> None:
    (finding,) = [
        each
        for each in api.get("/platform/findings").json()["findings"]
        if each["level"] != "ok" and "quarantine" in each["subject"]
    ]
    open_console("/platform")
    alert = page.get_by_role("alert").filter(has_text=finding["subject"])
    expect(alert).to_contain_text(finding["sentence"])
    expect(alert).to_contain_text(f"What to do: {finding['remedy']}")
    assert violations_in_both_schemes(page) == []


def test_findings_are_shown_as_text(page: Page, open_console: OpenConsole) -> None:
    finding = {"level": "problem", "subject": "worker", "sentence": f"It is {XSS}.", "remedy": XSS}
    found = {"level": "problem", "examinedAt": "2026-01-01T00:00:00Z", "durationMs": 2}
    page.route(
        "**/api/v1/platform/findings*",
        lambda route: route.fulfill(json={**found, "findings": [finding]}),
    )
    open_console("/platform")
    alert = page.get_by_role("alert").filter(has_text="Problem: worker")
    expect(alert).to_contain_text(f"It is {XSS}.")
    expect(alert).to_contain_text(f"What to do: {XSS}")


def test_an_entry_is_read_replayed_and_dropped(
    page: Page, open_console: OpenConsole, api: httpx.Client, entry_id: str
) -> None:
    open_console("/quarantine?service=worker")
    row = page.get_by_role("row").filter(has_text=entry_id)
    expect(row).to_contain_text(XSS)
    assert violations_in_both_schemes(page) == []
    row.get_by_role("link").press("Enter")
    expect(page.get_by_role("heading", name=entry_id)).to_be_visible()
    page.get_by_role("button", name="Read the bytes").click()
    expect(page.get_by_role("region", name="Hexadecimal")).to_contain_text("00 73 65 63 72 65 74")
    expect(page.get_by_role("region", name="Text", exact=True)).to_contain_text(f"secret {XSS}")
    assert violations_in_both_schemes(page) == []
    page.get_by_role("button", name="Replay", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Replay", exact=True).click()
    expect(dialog.get_by_role("row").filter(has_text=entry_id)).to_be_visible()
    assert violations_in_both_schemes(page) == []
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", name="Quarantine", level=1)).to_be_visible()
    row.get_by_role("link").click()
    page.get_by_role("button", name="Drop", exact=True).click()
    expect(dialog).to_contain_text("cannot be brought back")
    dialog.get_by_role("button", name="Drop", exact=True).click()
    expect(page.get_by_role("heading", name="Quarantine", level=1)).to_be_visible()
    expect(row).to_have_count(0)
    assert api.get(f"/platform/quarantine/{entry_id}").status_code == 404


def test_everything_is_dropped_at_once(
    page: Page, open_console: OpenConsole, api: httpx.Client, entry_id: str
) -> None:
    open_console("/overview")
    expect(page.get_by_text("Entries in quarantine")).to_be_visible()
    page.get_by_role("link", name="Quarantine").click()
    expect(page.get_by_text(entry_id)).to_be_visible()
    page.get_by_role("button", name="Drop all").click()
    page.get_by_role("dialog").get_by_role("button", name="Drop", exact=True).click()
    expect(page.get_by_role("heading", name="The quarantine is empty")).to_be_visible()
    assert api.get("/platform/quarantine").json()["data"] == []
