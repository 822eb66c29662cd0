"""A plot with logarithmic axes as SVG, in the style of the documentation's pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log10

_WIDTH, _HEIGHT = 900, 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 300, 20, 50
_COLOURS = (
    "#5c6bc0", "#ef6c00", "#2e7d32", "#c62828", "#6a1b9a", "#00838f", "#9e9d24", "#8d6e63",
    "#ad1457", "#546e7a",
)  # fmt: skip
_HEAD = (
    '<svg class="angarium-plot" xmlns="http://www.w3.org/2000/svg"'
    ' viewBox="0 0 {width} {height}" width="100%" role="img" aria-label="{title}"'
    " font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif\">"
)
_STYLE = """<style>
.angarium-plot{color:var(--md-default-fg-color,#1f2328)}
.angarium-plot text{fill:currentColor;font-size:13px}
.angarium-plot .grid{stroke:currentColor;stroke-opacity:.15}
.angarium-plot .bound{stroke:currentColor;stroke-width:1.5;stroke-dasharray:6 4}
.angarium-plot .line{fill:none;stroke-width:2}
</style>"""


@dataclass(frozen=True, slots=True)
class Axis:
    """Powers of ten from `first` to `last`; `labels` by power."""

    title: str
    first: int
    last: int
    labels: Mapping[int, str]

    def at(self, value: float) -> float:
        """The place of a value, 0 to 1; values beyond the ends are put there."""
        place = (log10(value) - self.first) / (self.last - self.first)
        return min(1.0, max(0.0, place))

    def holds(self, value: float) -> bool:
        return 10.0**self.first <= value <= 10.0**self.last * (1 + 1e-9)


def plot(
    title: str,
    x: Axis,
    y: Axis,
    lines: Mapping[str, Sequence[tuple[float, float]]],
    bound: float,
) -> str:
    """Lines by name, in the order of the legend, and a dashed one at y = `bound`."""
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    parts = [
        _HEAD.format(width=_WIDTH, height=_HEIGHT, title=escape(title)),
        f"<title>{escape(title)}</title>",
        _STYLE,
    ]
    for power in range(x.first, x.last + 1):
        at = _LEFT + wide * x.at(10.0**power)
        parts.append(f'<path class="grid" d="M{at:.1f} {_TOP}V{_TOP + high}"/>')
        parts.append(_text(at, _TOP + high + 20, x.labels[power], "middle"))
    for power in range(y.first, y.last + 1):
        at = _TOP + high * (1 - y.at(10.0**power))
        parts.append(f'<path class="grid" d="M{_LEFT} {at:.1f}H{_LEFT + wide}"/>')
        parts.append(_text(_LEFT - 8, at + 4, y.labels[power], "end"))
    parts.append(_text(_LEFT + wide / 2, _HEIGHT - 8, x.title, "middle"))
    at = _TOP + high * (1 - y.at(bound))
    parts.append(f'<path class="bound" d="M{_LEFT} {at:.1f}H{_LEFT + wide}"/>')
    parts.append(_text(_LEFT + 6, at - 6, y.title, "start"))
    for number, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        drawn = " ".join(
            f"{_LEFT + wide * x.at(a):.1f},{_TOP + high * (1 - y.at(b)):.1f}"
            for a, b in points
            if x.holds(a) and y.holds(b)
        )
        parts.append(f'<polyline class="line" stroke="{colour}" points="{drawn}"/>')
        row = _TOP + 14 + number * 22
        left = _LEFT + wide + 16
        parts.append(f'<path class="line" stroke="{colour}" d="M{left} {row - 4}h22"/>')
        parts.append(_text(left + 30, row, name, "start"))
    return "\n".join([*parts, "</svg>\n"])


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
