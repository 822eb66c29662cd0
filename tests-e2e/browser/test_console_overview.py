"""The console's overview."""

import re
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from ..waiting import until  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .conftest import OpenConsole
from .watched_page import violations_in_both_schemes

WAIT_S = 60
XSS = "<img src=x onerror=\"console.error('xss')\">"
UNHEALTHY = {
    "appId": "app_1",
    "appUid": None,
    "appName": XSS,
    "endpointId": "ep_1",
    "endpointUid": None,
    "url": f"https://example.com/{XSS}",
    "description": "",
    "reasons": [{"code": "open", "sentence": f"It failed 20 times. {XSS}"}],
    "failingSince": "2026-01-01T00:00:00Z",
    "openUntil": None,
}
BACKLOG = {
    "pendingDeliveries": 10_000,
    "oldestDueAt": "2026-01-01T00:00:00Z",
    "parkedDeliveries": 3,
}


def with_state(page: Page, *endpoints: dict[str, Any], truncated: bool = False) -> None:
    """Let the page see these unhealthy endpoints, and a backlog."""
    found = {"data": list(endpoints), "truncated": truncated}
    page.route("**/api/v1/stats/unhealthy-endpoints*", lambda route: route.fulfill(json=found))
    page.route("**/api/v1/stats/backlog", lambda route: route.fulfill(json=BACKLOG))


def test_a_tenant_without_messages_has_zeros(page: Page, open_console: OpenConsole) -> None:
    with_state(page)
    open_console("/overview")
    expect(page.get_by_text("All endpoints are healthy.")).to_be_visible()
    expect(page.get_by_text("No messages in this time.")).to_be_visible()
    expect(page.get_by_text("Attempts", exact=True)).to_be_visible()
    assert violations_in_both_schemes(page) == []


def test_the_numbers_are_those_of_the_statistics(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client, receiver: WebhookReceiver
) -> None:
    app = f"/app/{tenant_api.post('/app', json={'name': 'Acme'}).json()['id']}"
    tenant_api.post(f"{app}/endpoint", json={"url": f"{receiver.url}/ok"})
    for _ in range(3):
        tenant_api.post(f"{app}/msg", json={"eventType": "a.b", "payload": {}})

    def counted() -> list[dict[str, Any]] | None:
        points: list[dict[str, Any]] = tenant_api.get("/stats/series").json()["data"]
        return points if sum(each["delivered"] for each in points) == 3 else None

    until(counted, WAIT_S, "three deliveries are counted")
    with_state(page)
    open_console("/overview")
    expect(page.get_by_text(re.compile("100% succeed"))).to_be_visible()
    page.get_by_role("button", name="Show as a table").click()
    table = page.get_by_role("table", name="Deliveries by time")
    cells = table.get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()
    assert cells[:3] == ["3", "3", "0"]
    assert cells[3].endswith("s")
    assert violations_in_both_schemes(page) == []

    page.get_by_role("button", name="1h", exact=True).click()
    expect(page).to_have_url(re.compile(r"range=1h"))
    page.reload()
    chosen = page.get_by_role("button", name="1h", exact=True)
    expect(chosen).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text(re.compile("100% succeed"))).to_be_visible()


def test_the_backlog_of_the_platform_is_shown_by_time(
    page: Page, open_console: OpenConsole, api: httpx.Client
) -> None:
    sampled = api.get("/platform", params={"resolution": "hour"}).json()["backlogSeries"]
    assert sampled != [], "a gateway samples the backlog when it starts"
    now = api.get("/platform").json()
    point = {"startsAt": sampled[-1]["startsAt"], "openBatches": 1_234, "oldestOpenS": 90}
    page.route(
        "**/api/v1/platform?resolution=*",
        lambda route: route.fulfill(json={**now, "backlogSeries": [point]}),
    )
    with_state(page)
    open_console("/overview")
    expect(page.get_by_text("Backlog of the platform: open batches")).to_be_visible()
    assert violations_in_both_schemes(page) == []
    page.get_by_role("button", name="Show as a table").click()
    table = page.get_by_role("table", name="Deliveries by time")
    row = table.get_by_role("row").filter(has_text="1,234")
    expect(row).to_contain_text("2 min")


def test_an_endpoint_that_fails_is_shown_with_the_reason(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client, receiver: WebhookReceiver
) -> None:
    app_id = tenant_api.post("/app", json={"name": "Acme"}).json()["id"]
    url = f"{receiver.url}/status/500"
    endpoint_id = tenant_api.post(f"/app/{app_id}/endpoint", json={"url": url}).json()["id"]
    tenant_api.post(f"/app/{app_id}/msg", json={"eventType": "a.b", "payload": {}})

    def found() -> dict[str, Any] | None:
        unhealthy = tenant_api.get("/stats/unhealthy-endpoints").json()["data"]
        return unhealthy[0] if unhealthy else None

    until(found, WAIT_S, "the endpoint is unhealthy")
    open_console("/overview")
    row = page.get_by_role("row").filter(has_text=url)
    expect(row).to_contain_text("Acme")
    link = row.get_by_role("link", name=url)
    expect(link).to_have_attribute("href", re.compile(f"/{app_id}/endpoints/{endpoint_id}$"))
    link.click()
    expect(page.get_by_role("main")).to_contain_text(url)


def test_what_is_unhealthy_comes_first(page: Page, open_console: OpenConsole) -> None:
    with_state(page, UNHEALTHY, truncated=True)
    open_console("/overview")
    row = page.get_by_role("row").filter(has_text="Paused")
    expect(row).to_contain_text(f"It failed 20 times. {XSS}")
    link = row.get_by_role("link").first
    expect(link).to_have_attribute("href", "/console/applications/app_1/endpoints/ep_1")
    expect(page.get_by_text("These are the worst 1; there are more.")).to_be_visible()
    expect(page.get_by_text("10,000+", exact=True)).to_be_visible()
    above = page.get_by_role("heading", level=2).all_inner_texts()
    assert above[0] == "Needs attention"
    assert violations_in_both_schemes(page) == []


def test_numbers_that_cannot_be_read_say_so(page: Page, open_console: OpenConsole) -> None:
    with_state(page)
    problem = {"code": "unavailable", "detail": f"Not now {XSS}."}
    page.route("**/api/v1/stats/series*", lambda route: route.fulfill(status=422, json=problem))
    open_console("/overview")
    expect(page.get_by_role("alert")).to_contain_text(f"Not now {XSS}.")
    page.unroute("**/api/v1/stats/series*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No messages in this time.")).to_be_visible()
