"""A page whose errors fail the test."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import ConsoleMessage, Frame, Page

_AXE: Final = Path(__file__).parents[2] / "libs/console/web/node_modules/axe-core/axe.min.js"
# A refused request is no fault of the page: browsers log each as an error of the console.
_REFUSED_REQUEST: Final = "Failed to load resource: the server responded with a status of 4"
_CSP_WATCH: Final = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI}`))
"""
# A fading dialog has the contrast of neither state. Endless animations, of placeholders, stay.
_AT_REST: Final = """
async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const moves = () => document.getAnimations().filter((animation) =>
    animation.playState === "running" && animation.effect.getComputedTiming().endTime < Infinity);
  for (let still = 0; still < 3; still += 1) {
    await frame();
    const moving = moves();
    if (moving.length > 0) {
      await Promise.allSettled(moving.map((animation) => animation.finished));
      still = -1;
    }
  }
}
"""


@dataclass
class PageFaults:
    """What the console, the policy and the scripts of a page reported."""

    found: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Note every fault of the page from now on."""
        page.add_init_script(_CSP_WATCH)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.found.append(f"uncaught: {error}"))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_REFUSED_REQUEST):
            self.found.append(f"{message.text} ({message.location})")


def accessibility_violations(page: Page | Frame) -> list[str]:
    """Violations that axe-core finds once nothing fades, a line for each element."""
    page.evaluate(_AT_REST)
    page.evaluate(_AXE.read_text())
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def violations_in_both_schemes(page: Page) -> list[str]:
    """What axe-core finds in light and in dark colours."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [f"{scheme}: {each}" for each in accessibility_violations(page)]
    page.emulate_media(color_scheme="light")
    return found


def is_too_wide(page: Page) -> bool:
    """Whether the page has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
