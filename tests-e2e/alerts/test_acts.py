"""`make test-alerts` has a break for every alert, and changes nothing of the rules but times."""

import re
from typing import Any

import pytest
import yaml

from .acts import ACTS
from .alert_table import page_of
from .shortened_rules import FACTOR, PROMETHEUS, RULE_FILES, shortened

TIME = re.compile(r"\d+(ms|s|m)\b|(?<=_seconds\) > )[\d.]+|(?<=_seconds:max > )[\d.]+")


def rules(text: str) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


ALERTS = [
    rule["alert"]
    for name in RULE_FILES
    for rule in rules((PROMETHEUS / name).read_text())
    if "alert" in rule
]


def test_every_alert_is_in_one_act() -> None:
    acted = [alert for act in ACTS for fault in act.faults for alert in fault.alerts]

    assert sorted(acted) == sorted(ALERTS)


@pytest.mark.parametrize("alert", ALERTS)
def test_the_table_links_to_the_page_of_an_alert(alert: str) -> None:
    assert page_of(alert).read_text().startswith(f"# {alert}\n")


@pytest.mark.parametrize("name", RULE_FILES)
def test_shortened_rules_differ_in_times_only(name: str) -> None:
    text = (PROMETHEUS / name).read_text()

    assert TIME.sub("TIME", shortened(text, FACTOR)) == TIME.sub("TIME", text)


def test_every_time_is_shortened_by_the_same_factor() -> None:
    group = (
        "interval: 30s\n"
        "for: 10m\n"
        "expr: sum(rate(requests_total[5m])) > 120\n"
        "expr: max(oldest_seconds) > 300 or max(late_seconds) > 90\n"
        "expr: latency_seconds:p99_5m > 5\n"
    )

    assert shortened(group, 10) == (
        "interval: 3000ms\n"
        "for: 60000ms\n"
        "expr: sum(rate(requests_total[30000ms])) > 120\n"
        "expr: max(oldest_seconds) > 30 or max(late_seconds) > 9\n"
        "expr: latency_seconds:p99_5m > 5\n"
    )
