"""Writes the Grafana dashboards beside this file: `python deploy/grafana/build_dashboards.py`.

What they show is in contents.py; a test compares the written files with it.
"""

import json
from itertools import count
from pathlib import Path
from typing import Any, Final

from contents import DELIVERY, INTERNALS, OVERVIEW, TENANT, TENANT_NOTE
from panels import Panel, Row

FOLDER: Final = Path(__file__).parent
WIDTH: Final = 24
PANEL_WIDTH: Final = 8
PANEL_HEIGHT: Final = 7
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


def dashboard(uid: str, title: str, rows: tuple[Row, ...], note: str = "") -> dict[str, Any]:
    """The JSON of a dashboard, as Grafana imports it."""
    ids, panels, y = count(1), [], 0
    if note:
        panels.append(
            {
                "id": next(ids),
                "type": "text",
                "title": "",
                "gridPos": {"h": 3, "w": WIDTH, "x": 0, "y": 0},
                "options": {"mode": "markdown", "content": note},
            }
        )
        y = 3
    for row in rows:
        place = {"h": 1, "w": WIDTH, "x": 0, "y": y}
        panels.append({"id": next(ids), "type": "row", "title": row.title, "gridPos": place})
        y += 1
        for number, panel in enumerate(row.panels):
            at = number * PANEL_WIDTH
            place = {"h": PANEL_HEIGHT, "w": PANEL_WIDTH, "x": at % WIDTH}
            place["y"] = y + at // WIDTH * PANEL_HEIGHT
            panels.append(_graph(next(ids), panel, place))
        y += -(-len(row.panels) * PANEL_WIDTH // WIDTH) * PANEL_HEIGHT
    return {
        "uid": uid,
        "title": title,
        "tags": ["angarium"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "type": "datasource",
                    "query": "prometheus",
                    "label": "Data source",
                }
            ]
        },
        "links": [
            {"type": "dashboards", "tags": ["angarium"], "title": "Angarium", "asDropdown": True}
        ],
        "panels": panels,
    }


def _graph(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.help,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": [
            {"refId": chr(65 + each), "expr": expr, "legendFormat": legend, "datasource": SOURCE}
            for each, (legend, expr) in enumerate(panel.queries.items())
        ],
    }


def dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard, by the name of its file."""
    return {
        "overview.json": dashboard("angarium-overview", "Angarium: overview", OVERVIEW),
        "delivery.json": dashboard("angarium-delivery", "Angarium: delivery", DELIVERY),
        "tenant.json": dashboard("angarium-tenant", "Angarium: tenants", TENANT, TENANT_NOTE),
        "internals.json": dashboard("angarium-internals", "Angarium: internals", INTERNALS),
    }


def written(dashboard: dict[str, Any]) -> str:
    """The text of a file."""
    return json.dumps(dashboard, indent=2) + "\n"


if __name__ == "__main__":
    for name, content in dashboards().items():
        (FOLDER / name).write_text(written(content))
