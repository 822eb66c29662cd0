"""The tools that tests of pages share."""

from playwright.sync_api import Page

from .watched_page import accessibility_violations

FADING = """
<html lang="en"><title>Fading</title><main><h1>Fading</h1><button>Create</button></main>
<style>
  button { background: #fff; color: #000; transition: opacity 3s linear; opacity: 1 }
  button.leaves { opacity: 0 }
</style>
"""


def test_a_fading_element_is_looked_at_when_it_has_faded(page: Page) -> None:
    page.set_content(FADING)
    assert accessibility_violations(page) == []
    page.evaluate("document.querySelector('button').classList.add('leaves')")
    page.wait_for_function("getComputedStyle(document.querySelector('button')).opacity < 0.5")
    assert accessibility_violations(page) == []
