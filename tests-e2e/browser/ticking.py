"""Boxes, switches and radio buttons, which a form renders some time after a click.

`Locator.check` of Playwright looks once, right after the click, and fails if that was too early.
"""

from playwright.sync_api import Locator, expect


def tick(box: Locator, *, on: bool = True) -> None:
    """Click a box that is off, or one that is on if `on` is False, and wait for what it shows."""
    expect(box).to_be_checked(checked=not on)
    box.click()
    expect(box).to_be_checked(checked=on)
