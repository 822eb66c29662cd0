"""Draws the states of messages, batches, deliveries and endpoints out of the services' own tables.

`python -m tests-e2e.repository.state_pictures` writes the pictures into docs/assets/ and the
tables into docs/explanation/delivery-states.md.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from math import hypot
from pathlib import Path

from .pictured_states import BOX, PICTURES, Picture, Point, Transition

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = "docs/explanation/delivery-states.md"
NODE = (112, 40)
DOT = (10, 10)
BEND = 30.0
TIMES = [step / 200 for step in range(201)]
STYLE = """<style>
.angarium-states{color:var(--md-default-fg-color,#1f2328);--as-line:#5c6bc0;--as-soft:#8b95a5;\
--as-back:var(--md-default-bg-color,#fff)}
.angarium-states text{fill:currentColor;font-size:14px;text-anchor:middle}
.angarium-states .number{font-size:12px;font-weight:600}
.angarium-states .state{fill:#5c6bc022;stroke:var(--as-line);stroke-width:2}
.angarium-states .group{fill:none;stroke:var(--as-soft);stroke-width:1.5;stroke-dasharray:2 4}
.angarium-states .step{fill:none;stroke:var(--as-line);stroke-width:1.6}
.angarium-states .command{fill:none;stroke:var(--as-soft);stroke-width:1.6;stroke-dasharray:6 4}
.angarium-states .label{fill:var(--as-back);stroke:var(--as-soft);stroke-width:1}
.angarium-states .dot{fill:currentColor}
</style>"""


@dataclass(frozen=True)
class Box:
    """What an arrow leaves or reaches: a centre, and width and height."""

    centre: Point
    size: Point

    def holds(self, point: Point, margin: float = 0.0) -> bool:
        inside_x = abs(point[0] - self.centre[0]) <= self.size[0] / 2 + margin
        return inside_x and abs(point[1] - self.centre[1]) <= self.size[1] / 2 + margin


@dataclass
class Arrow:
    """All steps from one box to another, by their rows in the table."""

    source: Box
    target: Box
    bend: float
    command: bool
    numbers: list[int] = field(default_factory=list)


def arrows(picture: Picture) -> list[Arrow]:
    """One for each pair of places."""
    found: dict[tuple[Enum | str | None, Enum], Arrow] = {}
    pairs = {(source, each.target) for each in picture.table for source in each.sources}
    for number, each in enumerate(picture.table, 1):
        for source in _sources(picture, each):
            key = (source, each.target)
            if key not in found:
                both = isinstance(source, Enum) and (each.target, source) in pairs
                bend = BEND if both else 0.0
                if source is not None:
                    bend = picture.bends.get((source, each.target), bend)
                start = _box(picture, source, each.target)
                target = Box(picture.places[each.target], NODE)
                found[key] = Arrow(start, target, bend, each.by_command)
            found[key].numbers.append(number)
    return list(found.values())


def _sources(picture: Picture, each: Transition) -> tuple[Enum | str | None, ...]:
    if picture.ends and each.sources == picture.ends:
        return (BOX,)
    return each.sources or (None,)


def _box(picture: Picture, source: Enum | str | None, target: Enum) -> Box:
    if source is None:
        return Box(picture.starts[target], DOT)
    if isinstance(source, Enum):
        return Box(picture.places[source], NODE)
    return ended_box(picture)


def ended_box(picture: Picture) -> Box:
    """Around all states in which it has ended."""
    xs, ys = zip(*[picture.places[each] for each in picture.ends], strict=True)
    size = (max(xs) - min(xs) + NODE[0] + 24, max(ys) - min(ys) + NODE[1] + 24)
    return Box(((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2), size)


def draw(picture: Picture) -> str:
    """The picture, without a blank line: Markdown leaves it as it is."""
    width, height = picture.size
    lines = [
        (
            f'<svg class="angarium-states" xmlns="http://www.w3.org/2000/svg" '
            f'viewBox="0 0 {width} {height}" width="100%" role="img" '
            f'aria-labelledby="{picture.name}-title" '
            "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif\">"
        ),
        f'<title id="{picture.name}-title">{picture.title}</title>',
        STYLE,
        (
            f'<defs><marker id="{picture.name}-tip" viewBox="0 0 10 10" refX="9" refY="5" '
            'markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 10 5 0 10z" '
            'fill="#5c6bc0"/></marker></defs>'
        ),
    ]
    if picture.ends:
        lines.append(_rectangle(ended_box(picture), "group", 16))
    drawn = arrows(picture)
    lines += [_path(each, picture.name) for each in drawn]
    for state, place in picture.places.items():
        lines.append(_rectangle(Box(place, NODE), "state", 12))
        lines.append(f'<text x="{place[0]:g}" y="{place[1] + 5:g}">{state.value}</text>')
    lines += [
        f'<circle class="dot" cx="{x:g}" cy="{y:g}" r="5"/>' for x, y in picture.starts.values()
    ]
    lines += [_label(each) for each in drawn]
    return "\n".join([*lines, "</svg>\n"])


def _rectangle(box: Box, kind: str, radius: int) -> str:
    (x, y), (width, height) = box.centre, box.size
    return (
        f'<rect class="{kind}" x="{x - width / 2:g}" y="{y - height / 2:g}" '
        f'width="{width:g}" height="{height:g}" rx="{radius}"/>'
    )


def _course(arrow: Arrow) -> list[Point]:
    """The visible part of the way from one box to the other, in many points."""
    if arrow.source == arrow.target:
        x, top = arrow.source.centre[0], arrow.source.centre[1] - NODE[1] / 2
        return [
            _cubic((x - 30, top), (x - 44, top - 52), (x + 44, top - 52), (x + 30, top), t)
            for t in TIMES
        ]
    (ax, ay), (bx, by) = arrow.source.centre, arrow.target.centre
    length = hypot(bx - ax, by - ay)
    middle = ((ax + bx) / 2, (ay + by) / 2)
    off = (-(by - ay) / length * arrow.bend, (bx - ax) / length * arrow.bend)
    control = (middle[0] + off[0], middle[1] + off[1])
    points = [_cubic((ax, ay), control, control, (bx, by), t) for t in TIMES]
    return [p for p in points if not arrow.source.holds(p) and not arrow.target.holds(p, 2)]


def _cubic(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    s = 1 - t
    weights = (s**3, 3 * s * s * t, 3 * s * t * t, t**3)
    points = (a, b, c, d)
    return (
        sum(w * p[0] for w, p in zip(weights, points, strict=True)),
        sum(w * p[1] for w, p in zip(weights, points, strict=True)),
    )


def _path(arrow: Arrow, name: str) -> str:
    course = _course(arrow)
    some = [*course[:-1:8], course[-1]]
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in some)
    kind = "command" if arrow.command else "step"
    return f'<polyline class="{kind}" points="{text}" marker-end="url(#{name}-tip)"/>'


def _label(arrow: Arrow) -> str:
    course = _course(arrow)
    x, y = course[len(course) // 3]
    text = " · ".join(map(str, arrow.numbers))
    box = Box((x, y), (8 + 6.5 * len(text), 18))
    return (
        _rectangle(box, "label", 9)
        + f'<text class="number" x="{x:.1f}" y="{y + 4.5:.1f}">{text}</text>'
    )


def table(picture: Picture) -> str:
    """The rows that the numbers of the picture stand for, as Markdown."""
    rows = ["| | from | to | because |", "|---|---|---|---|"]
    for number, each in enumerate(picture.table, 1):
        sources = ", ".join(source.value for source in each.sources) or "–"
        cause = f"*{each.cause}*" if each.by_command else each.cause
        rows.append(f"| {number} | {sources} | {each.target.value} | {cause} |")
    return "\n".join(rows)


def page(written: str) -> str:
    """The page with the tables as they are now; what else is written in it stays."""
    for picture in PICTURES:
        begin, end = f"<!-- {picture.name} -->", f"<!-- end of {picture.name} -->"
        found = re.compile(f"{begin}.*?{end}", re.DOTALL)
        if not found.search(written):
            raise ValueError(f"{PAGE} has no place for {begin}")
        text = f"{begin}\n\n{table(picture)}\n\n{end}"
        written = found.sub(text.replace("\\", r"\\"), written)
    return written


def generated(root: Path = REPOSITORY) -> dict[Path, str]:
    """What each file is to hold."""
    files = {root / f"docs/assets/{picture.name}-states.svg": draw(picture) for picture in PICTURES}
    return {**files, root / PAGE: page((root / PAGE).read_text())}


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text)
