"""The log of refused addresses is bounded, by host and in all."""

from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_worker.adapters.destinations.dialing.refusal_log import (
    HOSTS_MAX,
    PERIOD_S,
    RefusalLog,
)
from structlog.testing import capture_logs

PRIVATE = EgressRules().explain("10.0.0.1")


def test_a_host_is_logged_with_address_and_rule_once_a_minute() -> None:
    times_s = [100.0, 100.0 + PERIOD_S / 2, 100.0 + PERIOD_S]
    refusals = RefusalLog(iter(times_s).__next__)
    with capture_logs() as logged:
        for _ in times_s:
            refusals.write("hooks.example", PRIVATE)
    assert logged == 2 * [
        {
            "event": "egress.address_refused",
            "log_level": "warning",
            "host": "hooks.example",
            "address": "10.0.0.1",
            "rule": "10.0.0.0/8, private",
        }
    ]


def test_any_number_of_hosts_gives_a_bounded_number_of_lines() -> None:
    refusals = RefusalLog(lambda: 0.0)
    with capture_logs() as logged:
        for number in range(10 * HOSTS_MAX):
            refusals.write(f"{number}.hooks.example", PRIVATE)
    assert len(logged) == HOSTS_MAX
