"""A hundred thousand deliveries of one application, ten thousand of them scrolled through."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from angarium_contracts.ids import MESSAGE, format_id, lowest_id_at
from playwright.sync_api import Page, expect

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .test_portal_deliveries import endpoint, open_deliveries, post, rows, wait_for_attempts

DELIVERIES = 100_000
SCROLLED = 10_000
BEGINNING = 1_000
ROW_PX = 48
TIMEOUT_S = 600
EVERY_FAILED = 10_000
"""Of so many deliveries one failed for good."""

# Scrolls a bit in each frame until so many rows have gone by, and gives the length of each frame.
SCROLL = """async ({pixels, end}) => {
  const scroller = document.querySelector("section[aria-label='Deliveries, newest first']");
  const frame = () => new Promise(requestAnimationFrame);
  const lengths = [];
  let most = 0;
  let before = await frame();
  while (end === null ? lengths.length < 300 : scroller.scrollTop < end) {
    if (pixels > 0) scroller.scrollTop += pixels;
    const now = await frame();
    lengths.push(now - before);
    before = now;
    most = Math.max(most, scroller.querySelectorAll("[role=row]").length);
  }
  return {lengths, most};
}"""


def fill(database: Path, template_message: bytes) -> list[bytes]:
    """Copies an attempt to a hundred thousand messages of earlier times, newest first."""
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        connection.row_factory = sqlite3.Row
        row = connection.execute(
            "select * from attempt where message_id = ?", (template_message,)
        ).fetchone()
        names = row.keys()
        ended_at_us = row["ended_at"]
        message_ids: list[bytes] = []
        copies: list[dict[str, Any]] = []
        for number in range(1, DELIVERIES):
            at_ms = ended_at_us // 1_000 - 60_000 - number * 10
            failed = number % EVERY_FAILED == EVERY_FAILED // 2
            message_ids.append(lowest_id_at(at_ms)[:6] + number.to_bytes(10))
            copies.append(
                {
                    **dict(row),
                    "message_id": message_ids[-1],
                    "id": lowest_id_at(at_ms + 1)[:6] + number.to_bytes(10),
                    "ended_at": (at_ms + 1) * 1_000,
                    "status": 2 if failed else 0,
                    "response_status": 500 if failed else 200,
                }
            )
        values = ", ".join(f":{name}" for name in names)
        statement = f"insert into attempt ({', '.join(names)}) values ({values})"
        with connection:
            connection.executemany(statement, copies)
    return message_ids


def percentile(lengths: list[float], share: float) -> float:
    return sorted(lengths)[int(len(lengths) * share)]


@pytest.mark.timeout(TIMEOUT_S)
def test_ten_thousand_of_a_hundred_thousand_deliveries_scroll_without_a_stall(
    page: Page, platform_folder: Path, receiver: WebhookReceiver
) -> None:
    with DevPlatform(platform_folder) as platform, platform.client() as api:
        created = api.post("/app", json={"name": "Many"})
        app = f"/app/{created.json()['id']}"
        endpoint(api, app, f"{receiver.url}/ok/many")
        post(api, app)
        wait_for_attempts(api, app, 1)
        with closing(sqlite3.connect(platform.database_path("worker"))) as connection:
            template = connection.execute("select message_id from attempt").fetchone()[0]
        messages = fill(platform.database_path("worker"), template)
        link = api.post(f"/auth/app-portal-access/{created.json()['id']}", json={}).json()["url"]
        scrolls_smoothly(page, link)
        finds_the_failed_ones(page, link, messages)
        # It follows a platform that ends now.
        page.close()


def scrolls_smoothly(page: Page, link: str) -> None:
    """Frames are as long after thousands of rows as they are after the first hundreds.

    The yardsticks are of the same run: frames in which nothing happens, and those of the beginning.
    """
    open_deliveries(page, link)
    expect(rows(page).first).to_be_visible()
    idle = page.evaluate(SCROLL, {"pixels": 0, "end": None})
    beginning = page.evaluate(SCROLL, {"pixels": 6 * ROW_PX, "end": BEGINNING * ROW_PX})
    scrolled = page.evaluate(SCROLL, {"pixels": 6 * ROW_PX, "end": SCROLLED * ROW_PX})
    last = rows(page).last.get_attribute("aria-rowindex")
    assert last is not None
    assert int(last) > SCROLLED
    assert scrolled["most"] < 100, "only rows in view are in the page"
    usual = max(percentile(idle["lengths"], 0.5), percentile(beginning["lengths"], 0.5))
    typical = percentile(scrolled["lengths"], 0.5)
    stalls = [length for length in scrolled["lengths"] if length > 10 * usual]
    described = (
        f"idle {percentile(idle['lengths'], 0.5):.1f} ms, at the beginning {usual:.1f} ms, then"
        f" {typical:.1f} ms; {len(stalls)} stalls of {len(scrolled['lengths'])} frames"
    )
    assert typical <= 3 * usual, described
    assert len(stalls) <= len(scrolled["lengths"]) * 0.05, described


def finds_the_failed_ones(page: Page, link: str, messages: list[bytes]) -> None:
    """Ten failed among a hundred thousand: pages without a row are read on by themselves."""
    failed = messages[EVERY_FAILED // 2 - 1 :: EVERY_FAILED]
    open_deliveries(page, link, "?status=failed")
    expect(page.get_by_text(f"{len(failed)} deliveries")).to_be_visible()
    for row, message in zip(rows(page).all(), failed, strict=True):
        expect(row).to_contain_text(format_id(MESSAGE, message))
