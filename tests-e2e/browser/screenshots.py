"""`make screenshots`: pictures of the portal and the console for the documentation.

A platform of its own has a shop's webhooks on it: some are received, some are refused, and one
endpoint cannot be reached. The pictures go to docs/assets/screenshots.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .chromium import chromium_path

FOLDER: Final = Path(__file__).parents[2] / "docs/assets/screenshots"
_SIZE: Final[ViewportSize] = {"width": 1280, "height": 800}
_MESSAGES: Final = 48
_TYPES: Final = {
    "invoice.paid": "An invoice was paid in full.",
    "invoice.overdue": "An invoice was not paid in time.",
    "order.created": "A customer placed an order.",
    "order.shipped": "An order left the warehouse.",
}
_WAIT_S: Final = 60.0


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="angarium-screenshots-") as folder,
        DevPlatform(
            Path(folder) / "dev",
            ANGARIUM_RETRY_SCHEDULE="1s,5m,1h",
            ANGARIUM_STATISTICS_EVERY_S="1",
        ) as platform,
        WebhookReceiver() as receiver,
        platform.client() as api,
    ):
        names = _fill(api, receiver)
        with sync_playwright() as playwright:
            path = chromium_path(playwright, Path(folder))
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            for name, address in _pages(platform, names).items():
                _take(browser, name, address)
            browser.close()


def _fill(api: httpx.Client, receiver: WebhookReceiver) -> Mapping[str, str]:
    """Post a shop's messages, and wait until their first attempts have ended."""
    for name, description in _TYPES.items():
        _post(api, "/event-type", {"name": name, "description": description})
    app = _post(api, "/app", {"name": "Example Shop", "uid": "shop"})["id"]
    good = _post(
        api,
        f"/app/{app}/endpoint",
        {"url": f"{receiver.url}/ok", "description": "Order service"},
    )["id"]
    bad = _post(
        api,
        f"/app/{app}/endpoint",
        {"url": f"{receiver.url}/status/503", "description": "Bookkeeping"},
    )["id"]
    _post(
        api,
        f"/app/{app}/endpoint",
        {
            "url": "http://127.0.0.1:9/hooks",
            "description": "Old CRM",
            "filterTypes": ["order.created"],
        },
    )
    message = ""
    for number in range(_MESSAGES):
        event_type = list(_TYPES)[number % len(_TYPES)]
        payload = {"id": f"evt_{number:04}", "type": event_type, "amount": 1990 + number}
        message = _post(api, f"/app/{app}/msg", {"eventType": event_type, "payload": payload})["id"]
    until(
        lambda: len(_attempts(api, app, good)) == _MESSAGES, _WAIT_S, "every message was received"
    )
    link = _post(api, f"/auth/app-portal-access/{app}", {})["url"]
    return {"app": app, "good": good, "bad": bad, "message": message, "link": link}


def _attempts(api: httpx.Client, app: str, endpoint: str) -> list[dict[str, Any]]:
    answer = api.get(f"/app/{app}/attempt/endpoint/{endpoint}", params={"limit": 50})
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def _post(api: httpx.Client, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = api.post(path, json=body)
    answer.raise_for_status()
    made: dict[str, Any] = answer.json()
    return made


def _pages(platform: DevPlatform, names: Mapping[str, str]) -> dict[str, str]:
    """The addresses of the pictures, by name."""
    portal, _, key = names["link"].partition("#")
    console, login = f"{platform.url}/console", f"#key={platform.key}"
    return {
        "portal-endpoints": f"{portal}/endpoints#{key}",
        "portal-endpoint": f"{portal}/endpoints/{names['good']}#{key}",
        "portal-deliveries": f"{portal}/deliveries#{key}",
        "portal-delivery": f"{portal}/deliveries/{names['message']}#{key}",
        "portal-event-catalog": f"{portal}/event-types#{key}",
        "console-overview": f"{console}{login}",
        "console-applications": f"{console}/applications{login}",
        "console-platform": f"{console}/platform{login}",
    }


def _take(browser: Browser, name: str, address: str) -> None:
    context = browser.new_context(viewport=_SIZE, device_scale_factor=2)
    try:
        page = context.new_page()
        page.goto(address, wait_until="networkidle" if "deliver" not in name else "load")
        page.get_by_role("heading", level=1).wait_for()
        page.locator("[aria-busy=true]").first.wait_for(state="detached")
        page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
        print(f"{name}.png")
    finally:
        context.close()


if __name__ == "__main__":
    main()
