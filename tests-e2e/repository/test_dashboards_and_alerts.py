"""Every query of a dashboard, rule or alert can be parsed, and asks for metrics that exist."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from angarium_cli.metrics_listing import all_catalogs

REPOSITORY = Path(__file__).resolve().parents[2]
GRAFANA = REPOSITORY / "deploy/grafana"
PROMETHEUS = REPOSITORY / "deploy/prometheus"
PAGES = REPOSITORY / "docs"
RULES: list[dict[str, Any]] = [
    rule
    for name in ("angarium-rules.yml", "angarium-alerts.yml")
    for group in yaml.safe_load((PROMETHEUS / name).read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
DASHBOARDS = sorted(GRAFANA.glob("*.json"))
OF_EVERY_TARGET = {"instance", "job"}
OF_THE_CLIENT = {
    name: set[str]() for name in ("process_cpu_seconds_total", "process_resident_memory_bytes")
}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield f"{path.stem}: {panel['title']}", target


QUERIES = [
    *((rule.get("alert") or rule["record"], rule["expr"]) for rule in RULES),
    *((title, target["expr"]) for title, target in panels()),
]


def series() -> dict[str, set[str]]:
    """The labels of every series that a query may ask for, recorded ones included."""
    found = dict(OF_THE_CLIENT)
    for catalog in all_catalogs():
        for metric in catalog:
            for name in metric.series:
                found[name] = {*metric.labels, *(["le"] if name.endswith("_bucket") else [])}
    for rule in RULES:
        if "record" in rule:
            found[rule["record"]] = labels_of(parsed(rule["expr"])) or set()
    return found


def parsed(query: str) -> Any:
    return promql.parse(query.replace("$__rate_interval", "5m"))


def parts(node: Any) -> Iterator[Any]:
    yield node
    match node:
        case promql.MatrixSelector():
            yield from parts(node.vector_selector)
        case promql.Call():
            for argument in node.args:
                yield from parts(argument)
        case promql.BinaryExpr():
            yield from parts(node.lhs)
            yield from parts(node.rhs)
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr():
            yield from parts(node.expr)


def labels_of(node: Any) -> set[str] | None:
    """The labels by which the outermost aggregation groups; None if there is none."""
    for part in parts(node):
        if isinstance(part, promql.AggregateExpr):
            grouped = set(part.modifier.labels) if part.modifier else set()
            return grouped - {"le"}
    return None


def unknown(node: Any, known: dict[str, set[str]]) -> list[str]:
    """The faults of the series and labels that a query names."""
    found = []
    for part in parts(node):
        if isinstance(part, promql.VectorSelector):
            if part.name not in known:
                found.append(f"no metric {part.name}")
                continue
            asked = {matcher.name for matcher in part.matchers.matchers}
            found += [f"{part.name} has no label {each}" for each in asked - labels(part, known)]
        elif isinstance(part, promql.AggregateExpr) and part.modifier:
            inside = [each for each in parts(part.expr) if isinstance(each, promql.VectorSelector)]
            has: set[str] = set().union(*(labels(each, known) for each in inside))
            found += [f"no label {each} to group by" for each in set(part.modifier.labels) - has]
    return found


def labels(selector: Any, known: dict[str, set[str]]) -> set[str]:
    return known.get(selector.name, set()) | OF_EVERY_TARGET


@pytest.mark.parametrize(("name", "query"), QUERIES, ids=[name for name, _ in QUERIES])
def test_a_query_asks_for_metrics_and_labels_that_exist(name: str, query: str) -> None:
    assert unknown(parsed(query), series()) == []


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("sum(rate(angarium_no_such_total[5m]))", "no metric angarium_no_such_total"),
        ('angarium_ready{zone="a"}', "angarium_ready has no label zone"),
        ("sum by (tenant) (angarium_ready)", "no label tenant to group by"),
        ("rate(angarium_worker_retries[5m])", "no metric angarium_worker_retries"),
    ],
)
def test_a_wrong_query_is_found(query: str, fault: str) -> None:
    assert unknown(parsed(query), series()) == [fault]


def test_legends_name_labels_that_the_query_leaves() -> None:
    known = series()
    for title, target in panels():
        named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        node = parsed(target["expr"])
        left = labels_of(node)
        if left is None:
            selectors = [each for each in parts(node) if isinstance(each, promql.VectorSelector)]
            left = set().union(*(labels(each, known) for each in selectors))
        assert named <= left, title


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_severity_and_a_page(name: str) -> None:
    rule = ALERTS[name]
    page = PAGES / f"{rule['annotations']['runbook']}.md"

    assert rule["labels"]["severity"] in ("page", "ticket")
    assert page.read_text().startswith(f"# {name}\n")
    assert f"({page.name})" in (page.parent / "index.md").read_text()


def test_promtool_tests_every_alert() -> None:
    wrong, _ = yaml.safe_load((PROMETHEUS / "angarium-alerts.test.yml").read_text())["tests"]
    (fired,) = wrong["promql_expr_test"]

    assert {re.findall(r'"(\w+)"', each["labels"])[0] for each in fired["exp_samples"]} == set(
        ALERTS
    )


def test_no_page_is_about_an_alert_that_does_not_exist() -> None:
    pages = {path.stem for path in (PAGES / "reference/alerts").glob("*.md")} - {"index"}

    assert pages == {Path(rule["annotations"]["runbook"]).name for rule in ALERTS.values()}


def test_prometheus_loads_the_rules() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())

    assert all((PROMETHEUS / name).is_file() for name in config["rule_files"])


def test_the_dashboards_are_what_the_script_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(GRAFANA))
    build = importlib.import_module("build_dashboards")

    expected = {name: build.written(content) for name, content in build.dashboards().items()}

    assert {path.name: path.read_text() for path in DASHBOARDS} == expected


def test_what_one_process_reports_is_never_summed() -> None:
    reported = {
        name for catalog in all_catalogs() for m in catalog if m.platform_wide for name in m.series
    }
    for name, query in QUERIES:
        for part in parts(parsed(query)):
            if isinstance(part, promql.AggregateExpr) and "sum" in part.prettify()[:4]:
                assert not reported & {getattr(each, "name", None) for each in parts(part)}, name
