"""Tasks, the audit log, API keys, operational webhooks and the policy in the console."""

import re
from datetime import UTC, datetime, timedelta

import httpx
from playwright.sync_api import Page, expect

from ..dev_platform import DevPlatform, api_client  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .conftest import OpenConsole
from .ticking import tick
from .watched_page import violations_in_both_schemes

WAIT_S = 60
XSS = "<img src=x onerror=\"console.error('xss')\">"


def test_tasks_show_their_progress(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    open_console("/tasks")
    expect(page.get_by_role("heading", name="No tasks yet")).to_be_visible()
    assert violations_in_both_schemes(page) == []
    now = datetime.now(UTC)
    hours = {"since": (now - timedelta(hours=2)).isoformat(), "until": now.isoformat()}
    started = tenant_api.post("/stats/usage/app", json=hours).json()
    page.reload()
    row = page.get_by_role("row").filter(has_text=started["id"])
    expect(row).to_contain_text("Count deliveries by application")
    expect(row).to_contain_text("Finished")
    expect(row.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    assert violations_in_both_schemes(page) == []
    page.get_by_label("Status").select_option("Running")
    expect(page.get_by_role("heading", name="No task is found")).to_be_visible()
    expect(page).to_have_url(re.compile("status=running"))


def test_the_progress_of_a_task_and_its_error_are_text(
    page: Page, open_console: OpenConsole
) -> None:
    running = {
        "id": "qtask_1",
        "task": "endpoint.recover",
        "status": "running",
        "state": "running",
        "updatedAt": "2026-01-01T00:00:00Z",
        "progress": {"percent": 30, "done": 12, "total": 40},
        "data": {"looked": 12, "resent": 3, "skipped": 0, "error": XSS},
    }
    found = {"data": [running], "iterator": None, "prevIterator": None, "done": True}
    page.route("**/api/v1/background-task?*", lambda route: route.fulfill(json=found))
    open_console("/tasks")
    row = page.get_by_role("row").filter(has_text="qtask_1")
    expect(row).to_contain_text("12 of 40 examined, 3 sent")
    expect(row).to_contain_text(XSS)
    expect(row.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "30")


def test_a_running_task_is_canceled(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client, receiver: WebhookReceiver
) -> None:
    app = f"/app/{tenant_api.post('/app', json={'name': 'Acme'}).json()['id']}"
    messages = [{"eventType": "a.b", "payload": {}}] * 1_000
    # Half a minute of work for the task, which resends 100 messages per second.
    for _ in range(3):
        tenant_api.post(f"{app}/msg/batch", json={"messages": messages}).raise_for_status()
    endpoint = tenant_api.post(f"{app}/endpoint", json={"url": f"{receiver.url}/ok"}).json()["id"]
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    replay = f"{app}/endpoint/{endpoint}/replay-missing"
    task_id = tenant_api.post(replay, json={"since": since}).raise_for_status().json()["id"]

    open_console("/tasks")
    row = page.get_by_role("row").filter(has_text=task_id)
    expect(row).to_contain_text(re.compile(r"[1-9]\d* examined"))
    assert violations_in_both_schemes(page) == []
    row.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the task").click()
    expect(row).to_contain_text("Canceled")
    expect(row.get_by_role("button")).to_have_count(0)
    task = tenant_api.get(f"/background-task/{task_id}").json()
    assert task["state"] == "canceled"
    assert 0 < task["data"]["resent"] < 3_000


def test_the_audit_log_shows_what_changed(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    tenant_api.post("/app", json={"name": "Acme", "uid": "acme"})
    tenant_api.patch("/app/acme", json={"name": XSS})
    open_console("/audit-log")
    expect(page.get_by_text("angarium audit verify")).to_be_visible()
    expect(page.get_by_role("row").nth(1)).to_contain_text("patch_application")
    assert violations_in_both_schemes(page) == []
    page.get_by_label("Operation").fill("patch_application")
    expect(page).to_have_url(re.compile("operation=patch_application"))
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("button", name="Show patch_application").click()
    dialog = page.get_by_role("dialog")
    changed = dialog.get_by_role("table", name="What changed")
    row = changed.get_by_role("row").filter(has_text="name")
    expect(row).to_contain_text('"Acme"')
    expect(row).to_contain_text("<img src=x onerror=")
    expect(dialog.get_by_role("row").filter(has_text="Number in the chain")).to_contain_text("2")
    expect(dialog.get_by_role("row").filter(has_text="Hash")).to_be_visible()
    assert violations_in_both_schemes(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_label("Operation").fill("v1.none")
    expect(page.get_by_role("heading", name="No entry is found")).to_be_visible()


def test_a_key_is_shown_once_works_and_is_revoked(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client, platform: DevPlatform
) -> None:
    tenant_api.post("/app", json={"name": "Acme", "uid": "acme"})
    open_console("/api-keys")
    page.get_by_role("button", name="Create a key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("Write a name.")).to_be_visible()
    dialog.get_by_label("Name").fill(f"Acme's {XSS}")
    dialog.get_by_label("Scope").select_option("application")
    dialog.get_by_label("Application").fill("acme")
    dialog.get_by_label("Expires").fill("2020-01-01T00:00")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_label("Expires")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Expires").fill("2090-01-01T00:00")
    dialog.get_by_label("Requests", exact=True).fill("0")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("Write a whole number, or nothing.")).to_be_visible()
    dialog.get_by_label("Requests", exact=True).fill("6000")
    dialog.get_by_role("button", name="Create").click()
    token = dialog.get_by_label("API key", exact=True).input_value()
    assert violations_in_both_schemes(page) == []
    with api_client(platform.url, token) as of_acme:
        who = of_acme.get("/auth/whoami").json()
        assert (who["scope"], who["expiresAt"][:4]) == ("application", "2090")
        dialog.get_by_role("button", name="Done").click()
        expect(page.get_by_text(token)).to_have_count(0)
        row = page.get_by_role("row").filter(has_text=f"Acme's {XSS}")
        expect(row).to_contain_text("Active")
        expect(row).to_contain_text("6,000 requests/min")
        created = [key for key in tenant_api.get("/api-key").json()["data"] if key["appId"]]
        assert [key["rates"]["requestsPerMinute"] for key in created] == [6_000]
        assert violations_in_both_schemes(page) == []

        row.get_by_role("button").click()
        dialog.get_by_role("button", name="Revoke the key").click()
        expect(row).to_contain_text("Revoked")
        until(lambda: of_acme.get("/auth/whoami").status_code == 401, WAIT_S, "it is refused")


def test_operational_webhooks_are_added_changed_rotated_and_deleted(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    path = "/operational-webhook/endpoint"
    open_console("/operational-webhooks")
    expect(page.get_by_role("heading", name="No operational webhooks yet")).to_be_visible()
    page.get_by_role("button", name="Add an endpoint").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("URL").fill("https://user:secret@example.com/")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_label("URL")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("URL").fill("https://example.com/operations")
    dialog.get_by_label("Description").fill(XSS)
    tick(dialog.get_by_label("endpoint.disabled", exact=True))
    assert violations_in_both_schemes(page) == []
    dialog.get_by_role("button", name="Add").click()
    row = page.get_by_role("row").filter(has_text="https://example.com/operations")
    expect(row).to_contain_text(XSS)
    expect(row).to_contain_text("endpoint.disabled")
    (created,) = tenant_api.get(path).json()["data"]
    assert created["eventTypes"] == ["endpoint.disabled"]

    row.get_by_role("button", name="Edit").click()
    tick(dialog.get_by_label("endpoint.created", exact=True))
    tick(dialog.get_by_role("switch", name="Disabled"))
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("Disabled")
    changed = tenant_api.get(f"{path}/{created['id']}").json()
    assert changed["disabled"] is True
    assert set(changed["eventTypes"]) == {"endpoint.disabled", "endpoint.created"}

    row.get_by_role("button", name="Headers").click()
    for number, (name, value) in enumerate((("X-Team", "ops"), ("X-Api-Key", "k1")), 1):
        dialog.get_by_role("button", name="Add a header").click()
        dialog.get_by_label(f"Name of header {number}").fill(name)
        dialog.get_by_label(f"Value of header {number}").fill(value)
    assert violations_in_both_schemes(page) == []
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    headers = f"{path}/{created['id']}/headers"
    expected = {"headers": {"X-Team": "ops"}, "sensitive": ["X-Api-Key"]}
    assert tenant_api.get(headers).json() == expected
    row.get_by_role("button", name="Headers").click()
    expect(dialog).to_contain_text("Write the value of X-Api-Key again")
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_role("button", name="Remove header X-Api-Key").click()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert tenant_api.get(headers).json() == {"headers": {"X-Team": "ops"}, "sensitive": []}

    row.get_by_role("button", name="Secret").click()
    secret = dialog.get_by_label("Secret", exact=True)
    before = tenant_api.get(f"{path}/{created['id']}/secret").json()["key"]
    expect(secret).to_have_value(before)
    dialog.get_by_label("Overlap").select_option("1 hour")
    dialog.get_by_role("button", name="Rotate the secret").click()
    expect(dialog.get_by_text("The secret is rotated.")).to_be_visible()
    expect(secret).not_to_have_value(before)
    expect(secret).to_have_value(tenant_api.get(f"{path}/{created['id']}/secret").json()["key"])
    assert violations_in_both_schemes(page) == []
    page.keyboard.press("Escape")

    row.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete the endpoint").click()
    expect(page.get_by_role("heading", name="No operational webhooks yet")).to_be_visible()
    assert tenant_api.get(path).json()["data"] == []


def test_the_policy_is_changed(
    page: Page, open_console: OpenConsole, tenant_api: httpx.Client
) -> None:
    open_console("/policy")
    page.get_by_label("Retry schedule").fill("5m")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Write seconds separated by commas")).to_be_visible()
    page.get_by_label("Retry schedule").fill("5, 300")
    page.get_by_label("Payloads that their schema").select_option("Refuse them")
    page.get_by_label("Event types of new messages").select_option("Must exist")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    policy = tenant_api.get("/tenant/policy").json()
    assert (policy["retrySchedule"], policy["validateSchemas"]) == ([5, 300], "enforce")
    assert (policy["requireEventTypes"], policy["retentionDays"]) == (True, None)
    assert violations_in_both_schemes(page) == []
    page.get_by_label("Retry schedule").fill("none")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert tenant_api.get("/tenant/policy").json()["retrySchedule"] == []
