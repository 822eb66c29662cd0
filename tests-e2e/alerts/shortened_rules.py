"""The rules of deploy/prometheus with all times shortened by one factor, and nothing else changed.

Shortened are `for`, `interval`, the ranges of queries and thresholds in seconds of a minute and
more. Thresholds below are latencies, which do not get shorter in a test.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

FACTOR: Final = 12
RULE_FILES: Final = ("angarium-rules.yml", "angarium-alerts.yml")
PROMETHEUS: Final = Path(__file__).resolve().parents[2] / "deploy/prometheus"

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600}
_DURATION: Final = re.compile(r"(?P<before>\b(?:for|interval): |\[)(?P<count>\d+)(?P<unit>[smh])\b")
_THRESHOLD: Final = re.compile(r"(?P<before>_seconds\S* > )(?P<count>\d+)(?P<unit>)(?![\d.])")
_SHORTEST_THRESHOLD_S: Final = 60


def write_shortened(folder: Path, factor: int = FACTOR) -> list[Path]:
    """Write the rule files into `folder`; gives their paths."""
    paths = []
    for name in RULE_FILES:
        path = folder / name
        path.write_text(shortened((PROMETHEUS / name).read_text(), factor))
        paths.append(path)
    return paths


def shortened(rules: str, factor: int) -> str:
    """The text of a rule file with its times divided by `factor`."""
    return _THRESHOLD.sub(_threshold(factor), _DURATION.sub(_duration(factor), rules))


def _duration(factor: int) -> Callable[[re.Match[str]], str]:
    def shorter(match: re.Match[str]) -> str:
        milliseconds = int(match["count"]) * _UNITS_S[match["unit"]] * 1000 // factor
        return f"{match['before']}{milliseconds}ms"

    return shorter


def _threshold(factor: int) -> Callable[[re.Match[str]], str]:
    def shorter(match: re.Match[str]) -> str:
        seconds = int(match["count"])
        if seconds < _SHORTEST_THRESHOLD_S:
            return match[0]
        return f"{match['before']}{seconds / factor:g}"

    return shorter
