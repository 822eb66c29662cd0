"""What it takes until the first page of the portal and of the console can be used.

    ANGARIUM_TOKEN=… python -m tests-e2e.browser.first_pages --url http://127.0.0.1:8080

Prints JSON: for each page, the kilobytes that the gateway sent for it, scripts and styles
compressed, and the seconds until its heading stood there, of each run. Every run begins with an
empty cache.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Response, sync_playwright

from .chromium import chromium_path

RUNS = 5
TIMEOUT_S = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="where the gateway is")
    given = parser.parse_args()
    token = os.environ["ANGARIUM_TOKEN"]
    pages = {
        "portal": _portal_link(given.url, token),
        "console": f"{given.url}/console#key={token}",
    }
    with sync_playwright() as playwright:
        path = chromium_path(playwright, Path(tempfile.gettempdir()))
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        measured = {
            name: [_open(browser, link) for _ in range(RUNS)] for name, link in pages.items()
        }
        browser.close()
    print(json.dumps(measured))


def _portal_link(url: str, token: str) -> str:
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=TIMEOUT_S) as api:
        made = api.post("/auth/app-portal-access/pages", json={"application": {"name": "Pages"}})
        made.raise_for_status()
        return str(made.json()["url"])


def _open(browser: Browser, link: str) -> dict[str, Any]:
    context = browser.new_context()
    try:
        page = context.new_page()
        sent: list[int] = []
        page.on("response", lambda response: sent.append(_asset_bytes(response)))
        began = time.perf_counter()
        page.goto(link, wait_until="commit", timeout=TIMEOUT_S * 1000)
        page.get_by_role("heading", level=1).wait_for(timeout=TIMEOUT_S * 1000)
        return {"seconds": time.perf_counter() - began, "kilobytes": sum(sent) / 1000}
    finally:
        context.close()


def _asset_bytes(response: Response) -> int:
    """The size of a page, a script or a style as it was sent; answers of the API are no part."""
    is_asset = "/api/" not in response.url
    return int(response.headers.get("content-length", "0")) if is_asset else 0


if __name__ == "__main__":
    main()
