"""The table that the run prints, and its page in the documentation."""

import os
import re
import textwrap
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from .shortened_rules import FACTOR
from .watching import Outcome, Seen

_DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = _DOCS / "explanation/alerts-last-run.md"
_MARK = "<!-- last run -->\n"
_WIDTH = 112


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f}"


def lines(outcome: Outcome) -> str:
    """The lines of an act, for the terminal."""
    rows = [
        f"{each.alert:<30} {_seconds(each.firing_s):>7} {_seconds(each.resolved_s):>9}"
        f"  {each.cause}"
        for each in outcome.seen
    ]
    if outcome.others:
        rows.append(f"    fired too: {', '.join(sorted(outcome.others))}")
    if outcome.still_firing:
        rows.append(f"    PROBLEM: fires still: {', '.join(sorted(outcome.still_firing))}")
    return "\n".join(rows)


def heading() -> str:
    """The head of the columns."""
    return f"{'alert':<30} {'firing':>7} {'resolved':>9}  broken"


def write_page(outcomes: Sequence[Outcome], *, healthy_s: float, today: date) -> None:
    """Replace what stands below the mark of the page."""
    seen = [each for outcome in outcomes for each in outcome.seen]
    rows = "\n".join(_row(each) for each in sorted(seen, key=lambda each: each.alert))
    head, _, _ = PAGE.read_text().partition(_MARK)
    summary = (
        f"{today.day} {today:%B %Y}, {os.cpu_count()} shared cores: **{len(seen)} alerts fired and"
        f" resolved**. None fired in {healthy_s:.0f} s before that, on a healthy platform under"
        f" load. Times of the rules were divided by {FACTOR}."
    )
    PAGE.write_text(
        f"{head}{_MARK}\n"
        f"{textwrap.fill(summary, _WIDTH)}\n\n"
        "| alert | what was broken | seconds to firing | seconds to resolved |\n"
        "|---|---|---:|---:|\n"
        f"{rows}\n"
    )


def page_of(alert: str) -> Path:
    """The page of an alert in the documentation."""
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", alert.removeprefix("Angarium")).lower()
    return _DOCS / f"reference/alerts/{words}.md"


def _row(each: Seen) -> str:
    link = f"[{each.alert}](../reference/alerts/{page_of(each.alert).name})"
    return f"| {link} | {each.cause} | {_seconds(each.firing_s)} | {_seconds(each.resolved_s)} |"
