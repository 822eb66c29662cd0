"""The range that an audit looks at, how far back it can tell, and what is said of it."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from angarium_chassis.statistics.resolutions import Resolution
from angarium_chassis.statistics.rollup_audit import Difference, Owner
from angarium_cli.failure import CommandFailed
from angarium_cli.verify.audit import Audit
from angarium_cli.verify.ledgers import Gap, GapKind
from angarium_cli.verify.report import SHOWN_MAX, as_json, show
from angarium_cli.verify.retention import Kept, Side
from angarium_cli.verify.statistics import DIFFERENCES_KEPT_MAX, AuditedStatistics
from angarium_cli.verify.time_range import TimeRange, time_range
from angarium_contracts.ids import APPLICATION, ENDPOINT, MESSAGE, format_id, lowest_id_at
from angarium_gateway.examination.audited_journal import ShorterTenants
from rich.console import Console

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
APP, HOOK = b"a" * 16, b"e" * 16
NO_TENANTS = ShorterTenants()


def message_id(number: int) -> bytes:
    return lowest_id_at(NOW_MS + number)


def test_without_options_the_last_day_but_the_last_minute_is_audited() -> None:
    assert time_range(None, None, NOW) == TimeRange(
        NOW - timedelta(days=1, minutes=1), NOW - timedelta(minutes=1)
    )


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("36h", NOW - timedelta(hours=36)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-02-01T00:00:00Z", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-02-01T01:00:00+01:00", datetime(2026, 2, 1, tzinfo=UTC)),
    ],
)
def test_times_are_absolute_or_ago(text: str, time: datetime) -> None:
    assert time_range(text, "now", NOW) == TimeRange(time, NOW)


@pytest.mark.parametrize(
    ("since", "until"),
    [("yesterday", None), ("2026-02-01T00:00:00", None), ("1h", "2h"), (None, "999999d")],
)
def test_other_times_are_refused(since: str | None, until: str | None) -> None:
    with pytest.raises(CommandFailed):
        time_range(since, until, NOW)


def test_the_report_names_gaps_and_what_to_do() -> None:
    found = Audit()
    found.add(Gap(GapKind.MISSING, message_id(1), APP, HOOK))
    found.add(Gap(GapKind.SET_ASIDE, message_id(2), APP))
    found.add(Gap(GapKind.OF_NO_MESSAGE, message_id(3), APP, HOOK))
    span = time_range(None, None, NOW)
    out = StringIO()

    show("here", span, found, Console(file=out, width=200))

    text = out.getvalue()
    assert format_id(MESSAGE, message_id(1)) in text
    assert format_id(ENDPOINT, HOOK) in text
    assert "replay-missing" in text
    assert '{"since": "2026-03-01T12:00:00.001000Z"}' in text
    assert "angarium quarantine replay --all" in text
    assert "post them again" in text
    assert f"on record for {format_id(ENDPOINT, HOOK)}, but not in the journal" in text
    assert "3 gaps." in text
    shown = json.loads(as_json("here", span, found))
    assert [gap["kind"] for gap in shown["gaps"]] == ["missing", "set-aside", "of-no-message"]
    assert shown["gaps_count"] == 3


def a_difference(number: int = 0) -> Difference:
    starts_at_us = (NOW_MS - NOW_MS % 3_600_000) * 1_000
    owner = Owner(b"t" * 16, APP, HOOK)
    return Difference(
        Resolution.HOUR, starts_at_us, owner, f"type.{number}", "delivered", 1_200, 1_199
    )


def shown_lines(audited: AuditedStatistics) -> list[str]:
    out = StringIO()
    span = time_range(None, None, NOW)
    show("here", span, Audit(statistics=audited), Console(file=out, width=200))
    return out.getvalue().splitlines()


def test_the_report_says_that_statistics_are_exact() -> None:
    lines = shown_lines(AuditedStatistics(compared=1))
    assert lines[-1] == "Statistics are exact: 1 endpoint or application counted once more."
    lines = shown_lines(AuditedStatistics(compared=1_234))
    assert lines[-1].endswith("1,234 endpoints and applications counted once more.")


def test_the_report_names_differences_of_statistics() -> None:
    found = AuditedStatistics(compared=3)
    found.add([a_difference()])
    heading, line, remedy = shown_lines(found)[-3:]
    assert heading == "Statistics: 1 difference."
    assert line == (
        f"  hour of 2026-03-01 12:00:00, application {format_id(APPLICATION, APP)}, type.0,"
        " delivered: 1,200 on record, 1,199 counted"
    )
    assert remedy.startswith("Remedy: messages and deliveries are not affected.")
    (member,) = json.loads(as_json("here", time_range(None, None, NOW), Audit(statistics=found)))[
        "statistics"
    ]["differences"]
    assert member == {
        "resolution": "hour",
        "starts_at": "2026-03-01T12:00:00+00:00",
        "app_id": format_id(APPLICATION, APP),
        "event_type": "type.0",
        "column": "delivered",
        "on_record": 1_200,
        "counted": 1_199,
    }


def test_the_report_shows_and_lists_so_many_differences() -> None:
    found = AuditedStatistics()
    for number in range(DIFFERENCES_KEPT_MAX + 5):
        found.add([a_difference(number)])
    lines = shown_lines(found)
    assert "Statistics: 1,005 differences." in lines
    assert sum(line.startswith("  hour of ") for line in lines) == SHOWN_MAX
    assert f"  … and {1_005 - SHOWN_MAX:,} more; --json lists up to 1,000" in lines
    listed = json.loads(as_json("here", time_range(None, None, NOW), Audit(statistics=found)))
    assert listed["statistics"]["differences_count"] == 1_005
    assert len(listed["statistics"]["differences"]) == DIFFERENCES_KEPT_MAX


def test_the_report_says_which_part_of_the_range_cannot_be_audited() -> None:
    kept = Kept(message_days=30, attempt_days=7, now_ms=NOW_MS)
    span = time_range("60d", "now", NOW)
    parts = kept.unaudited(span.ids.first, span.ids.end, ShorterTenants(2, 3))
    out = StringIO()

    show("here", span, Audit(unaudited=parts), Console(file=out, width=200))

    told = [line for line in out.getvalue().splitlines() if line.startswith("Not audited")]
    of_attempts, of_messages, of_tenants = told
    assert of_attempts.startswith("Not audited before 2026-02-22 15:00:00 UTC: missing deliveries")
    assert of_attempts.endswith("attempts are kept for 7 days.")
    assert of_messages.startswith("Not audited before 2026-01-30 15:00:00 UTC: deliveries without")
    assert of_messages.endswith("messages are kept for 30 days.")
    assert of_tenants.startswith("Not audited before 2026-02-26 15:00:00 UTC in part: 2")
    assert of_tenants.endswith("the shortest 3 days.")
    shown = json.loads(as_json("here", span, Audit(unaudited=parts)))
    assert shown["unaudited"][0] == {
        "side": "attempts",
        "until": "2026-02-22T15:00:00+00:00",
        "kept_days": 7,
        "tenants": 0,
    }


def test_a_range_that_is_kept_on_both_sides_is_audited_in_full() -> None:
    kept = Kept(message_days=30, attempt_days=7, now_ms=NOW_MS)

    def sides(since: str, until: str = "now") -> list[Side]:
        span = time_range(since, until, NOW)
        return [each.side for each in kept.unaudited(span.ids.first, span.ids.end, NO_TENANTS)]

    assert sides("164h") == []
    assert sides("7d") == [Side.ATTEMPTS]
    assert sides("30d") == [Side.ATTEMPTS, Side.MESSAGES]


def test_a_tenant_may_keep_more_than_one_side_and_less_than_the_other() -> None:
    kept = Kept(message_days=90, attempt_days=30, now_ms=NOW_MS)
    span = time_range("80d", "now", NOW)

    parts = kept.unaudited(span.ids.first, span.ids.end, ShorterTenants(1, 60))

    margin_ms = 3 * 3_600_000
    assert [(each.side, each.until_ms) for each in parts] == [
        (Side.ATTEMPTS, NOW_MS - 30 * 86_400_000 + margin_ms),
        (Side.TENANTS, NOW_MS - 60 * 86_400_000 + margin_ms),
    ]


def test_no_part_that_cannot_be_audited_reaches_beyond_the_range() -> None:
    span = time_range("60d", "50d", NOW)

    parts = Kept(30, 7, NOW_MS).unaudited(span.ids.first, span.ids.end, NO_TENANTS)

    assert {each.until_ms for each in parts} == {NOW_MS - 50 * 86_400_000}


@pytest.mark.parametrize(("hours_ago", "days"), [(21, 1), (22, 2), (45, 2), (46, 3)])
def test_whoever_keeps_rows_for_so_many_days_reaches_back_so_far(hours_ago: int, days: int) -> None:
    kept = Kept(90, 90, NOW_MS)
    first = lowest_id_at(NOW_MS - hours_ago * 3_600_000)

    assert kept.days_to_reach(first) == days
    assert kept.messages_from(days) <= first < kept.messages_from(days - 1)
