"""Every page of the console and of the portal on small and large screens, in both directions."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from redis import Redis

from ..dev_platform import DevPlatform, api_client  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .conftest import TIMEOUT_MS, NewTenant
from .watched_page import PageFaults

LONG: Final = "Long" * 60
SCREENS: Final = {
    "360 px": (360, 640, "ltr"),
    "360 px from right to left": (360, 640, "rtl"),
    "1280 px from right to left": (1280, 800, "rtl"),
    "4K": (3840, 2160, "ltr"),
    "4K from right to left": (3840, 2160, "rtl"),
}
TYPE: Final = "invoice.paid"
APPLICATION_PAGES: Final = {
    "/endpoints": "Endpoints",
    "/endpoints/new": "Add an endpoint",
    "/endpoints/{endpoint}": "",
    "/endpoints/{endpoint}/edit": "Edit the endpoint",
    "/event-types": "Event catalog",
    f"/event-types/{TYPE}": TYPE,
    "/deliveries": "Deliveries",
    "/deliveries/{message}": "",
    "/settings": "Settings",
}
CONSOLE_PAGES: Final = {
    "/overview": "Overview",
    "/applications": "Applications",
    "/messages": "Messages",
    "/messages/new": "Post a message",
    "/event-types": "Event types",
    "/event-types/new": "Create an event type",
    "/event-types/import": "Import event types",
    f"/event-types/by-name/{TYPE}": TYPE,
    "/tasks": "Tasks",
    "/operational-webhooks": "Operational webhooks",
    "/policy": "Policy",
    "/api-keys": "API keys",
    "/audit-log": "Audit log",
    "/platform": "Platform",
    "/quarantine": "Quarantine",
    "/quarantine/{entry}": "",
}

# Whoever cannot scroll sideways reaches no control that is beside the screen.
# What follows the size of the screen by script has so many frames to do so.
UNREACHABLE: Final = """async () => {
  const FRAMES = 120;
  const isBeside = (node) => {
    const { left, right, width } = node.getBoundingClientRect();
    const isHidden = width <= 1 || !node.checkVisibility({ visibilityProperty: true });
    if (isHidden || (left >= -1 && right <= innerWidth + 1)) return false;
    for (let at = node.parentElement; at !== document.body; at = at.parentElement)
      if (/auto|scroll|hidden/.test(getComputedStyle(at).overflowX)) return false;
    return true;
  };
  const look = () => {
    const { scrollWidth } = document.documentElement;
    const isTooWide = scrollWidth > innerWidth;
    const found = isTooWide ? [`the page is ${scrollWidth} px wide`] : [];
    const nodes = isTooWide ? "body *" : "h1, a, button, input, select, textarea";
    for (const node of document.querySelectorAll(nodes))
      if (!node.matches("nav *, [href='#main']") && isBeside(node))
        found.push(node.outerHTML.slice(0, 150));
    return found.slice(0, 8);
  };
  for (let frame = 0; frame < FRAMES && look().length > 0; frame++)
    await new Promise(requestAnimationFrame);
  return look();
}"""


@pytest.fixture(scope="module")
def places(platform: DevPlatform, new_tenant: NewTenant) -> Iterator[Mapping[str, str]]:
    """A tenant with one of each object, whose names are long: their ids, and ways to sign in."""
    key = new_tenant()
    redis: Any = Redis.from_url(str(platform.state["redis_url"]))
    fields = {"stream": "deliveries.requested:{0}", "entry_id": "1-1", "reason": LONG, "body": LONG}
    entry = redis.xadd("quarantine:worker", fields).decode()
    with WebhookReceiver() as receiver, api_client(platform.url, key) as api:
        app_id = created(api, "/app", name=LONG)
        path = f"/app/{app_id}"
        schema = {"type": "object", "properties": {LONG: {"type": "string", "description": LONG}}}
        created(api, "/event-type", name=TYPE, description=LONG, schemas={"1": schema})
        url = f"{receiver.url}/ok/{LONG}"
        endpoint = created(api, f"{path}/endpoint", url=url, description=LONG)
        created(api, "/operational-webhook/endpoint", url=url, description=LONG)
        message = created(api, f"{path}/msg", eventType=TYPE, payload={LONG: LONG})
        receiver.wait_for(1)
        link = api.post(f"/auth/app-portal-access/{app_id}", json={}).raise_for_status()
        yield {
            "console": f"{platform.url}/console#key={key}",
            "portal": link.json()["url"],
            "app": app_id,
            "endpoint": endpoint,
            "message": message,
            "entry": f"worker/{entry}",
        }
    redis.xdel("quarantine:worker", entry)


def created(api: httpx.Client, path: str, **members: Any) -> str:
    """Create an object. Returns its id, if it has one."""
    made = api.post(path, json=members)
    assert made.is_success, made.text
    return str(made.json().get("id"))


@pytest.fixture(scope="module")
def faults() -> PageFaults:
    return PageFaults()


@pytest.fixture(scope="module")
def console(browser: Browser, places: Mapping[str, str], faults: PageFaults) -> Iterator[Page]:
    """The console, signed in."""
    yield from signed_in(browser, places["console"], faults)


@pytest.fixture(scope="module")
def portal(browser: Browser, places: Mapping[str, str], faults: PageFaults) -> Iterator[Page]:
    """The portal, signed in."""
    yield from signed_in(browser, places["portal"], faults)


def signed_in(browser: Browser, link: str, faults: PageFaults) -> Iterator[Page]:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    faults.watch(page)
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    yield page
    context.close()


def visit(page: Page, path: str, heading: str) -> None:
    """Go to a page as its link does, without loading the scripts again."""
    page.evaluate("(path) => history.pushState({}, '', path)", path)
    title = page.get_by_role("heading", level=1)
    expect(title).to_be_visible()
    if heading:
        expect(title).to_have_text(heading)
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)


def unreachable(page: Page) -> str:
    """A line for each element that is beside the screen, on each of the screens."""
    found = []
    for name, (width, height, direction) in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("(direction) => { document.documentElement.dir = direction }", direction)
        found += [f"{name}: {each}" for each in page.evaluate(UNREACHABLE)]
    page.set_viewport_size({"width": 1280, "height": 800})
    return "\n".join(found)


@pytest.mark.parametrize("path", CONSOLE_PAGES)
def test_a_page_of_the_console_fits(
    console: Page, places: Mapping[str, str], faults: PageFaults, path: str
) -> None:
    visit(console, f"/console{path.format_map(places)}", CONSOLE_PAGES[path])
    assert unreachable(console) == ""
    assert faults.found == []


@pytest.mark.parametrize("path", APPLICATION_PAGES)
def test_a_page_of_an_application_fits_in_the_console(
    console: Page, places: Mapping[str, str], faults: PageFaults, path: str
) -> None:
    visit(console, f"/console/applications/{places['app']}{path.format_map(places)}", "")
    assert unreachable(console) == ""
    assert faults.found == []


@pytest.mark.parametrize("path", APPLICATION_PAGES)
def test_a_page_of_the_portal_fits(
    portal: Page, places: Mapping[str, str], faults: PageFaults, path: str
) -> None:
    visit(portal, f"/portal{path.format_map(places)}", APPLICATION_PAGES[path])
    assert unreachable(portal) == ""
    assert faults.found == []


def test_the_page_of_tenants_fits(
    browser: Browser,
    platform: DevPlatform,
    platform_key: str,
    places: Mapping[str, str],
    faults: PageFaults,
) -> None:
    del places
    link = f"{platform.url}/console/tenants#key={platform_key}"
    for page in signed_in(browser, link, faults):
        expect(page.get_by_role("table", name="Tenants")).to_be_visible()
        assert unreachable(page) == ""
    assert faults.found == []


def test_the_sign_in_page_fits(browser: Browser, places: Mapping[str, str]) -> None:
    page = browser.new_page()
    page.goto(places["console"].partition("#")[0])
    expect(page.get_by_label("API key")).to_be_visible()
    assert unreachable(page) == ""
    page.close()
