"""The output of `angarium verify`."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

from angarium_chassis.statistics.rollup_audit import Difference
from angarium_chassis.wording import counted
from angarium_contracts.ids import APPLICATION, ENDPOINT, MESSAGE, created_at_ms, format_id
from rich.console import Console
from rich.text import Text

from angarium_cli.verify.audit import Audit
from angarium_cli.verify.ledgers import Gap, GapKind
from angarium_cli.verify.outboxes import AuditedOutboxes
from angarium_cli.verify.retention import Side, Unaudited
from angarium_cli.verify.statistics import AuditedStatistics
from angarium_cli.verify.time_range import TimeRange

SHOWN_MAX = 20
_REPLAY = (
    "Remedy: POST /api/v1/app/<application>/endpoint/<endpoint>/replay-missing with"
    ' {{"since": "{since}"}} delivers what an endpoint has not received. Then run this again.'
)
_SET_ASIDE = (
    "Remedy: see with `angarium quarantine list` why batches were set aside, correct the cause,"
    " then run `angarium quarantine replay --all`."
)
_OF_NO_MESSAGE = (
    "Remedy: the endpoints on record have received these messages, or will; other endpoints may not"
    " have, and the messages cannot be resent. If the gateway's database was restored, they were"
    " accepted after its backup: post them again if necessary. If the retention of messages was"
    " shorter until recently, or rows were deleted, no action is needed. Otherwise it is a bug in"
    " Angarium: save the output of --json, and report it."
)
_LOST = (
    "Remedy: if the gateway's database was restored, they were accepted after its backup: set their"
    " state in the outbox to 0, and the relay posts them again. If the messages, their application"
    " or their tenant were deleted, or if the tenant keeps messages for less time, no action is"
    " needed."
)
_DIFFERING = (
    "Remedy: if rows of the outbox or of the journal were changed, no action is needed. Otherwise"
    " it is a bug in Angarium: save the output of --json, and report it."
)
_UNKNOWN = (
    "Remedy: give the outbox of every producer with --outbox. If a producer's database was"
    " restored, they were committed after its backup. Otherwise it is a bug: save the output of"
    " --json, and report it."
)
_STATISTICS = (
    "Remedy: messages and deliveries are not affected. If rows were changed or deleted in the"
    " databases, no action is needed. Otherwise it is a bug in Angarium: save the output of --json,"
    " and report it."
)
_PROVEN = (
    "Verified for endpoints that are enabled and unchanged since the message: every settled message"
    " that they want is on the worker's record, and every delivery on record has its message."
)


def as_json(name: str, span: TimeRange, audit: Audit) -> str:
    """One object: the range, its `unaudited` parts, `counts`, `gaps` (the first 1,000) and
    `gaps_count`."""
    return json.dumps(
        {
            "platform": name,
            "since": span.since.isoformat(),
            "until": span.until.isoformat(),
            "unaudited": [_part(each) for each in audit.unaudited],
            "counts": asdict(audit.counts),
            "gaps_count": audit.gaps_count,
            "gaps": [_members(gap) for gap in audit.gaps],
            "statistics": {
                "compared": audit.statistics.compared,
                "differences_count": audit.statistics.differences_count,
                "differences": [_difference(each) for each in audit.statistics.differences],
            },
            **_outboxes_members(audit.outboxes),
        },
        indent=2,
    )


def show(name: str, span: TimeRange, audit: Audit, console: Console) -> None:
    """Print counts, gaps and remedies."""
    for line in _lines(name, span, audit):
        console.print(Text(line), soft_wrap=True)
    for part in audit.unaudited:
        console.print(Text(_part_line(part), "yellow"), soft_wrap=True)
    for gap in audit.gaps[:SHOWN_MAX]:
        console.print(Text(_gap_line(gap), "red"), soft_wrap=True)
    if audit.gaps_count > SHOWN_MAX:
        console.print(f"  … and {audit.gaps_count - SHOWN_MAX:,} more; --json lists up to 1,000")
    for line, style in (
        *_verdict(audit),
        *_statistics_lines(audit.statistics),
        *_outboxes_lines(audit.outboxes),
    ):
        console.print(Text(line, style), soft_wrap=True)


def _lines(name: str, span: TimeRange, audit: Audit) -> list[str]:
    counts = audit.counts
    rows = [
        ("accepted", counts.accepted, "messages in the journal"),
        ("settled", counts.settled, "first attempts have ended"),
        ("open", counts.open, _open_meaning(counts.oldest_open_ms)),
        ("set aside", counts.set_aside, "not delivered until you replay them"),
        ("scheduled", counts.scheduled, "due later"),
        ("cancelled", counts.cancelled, "removed from the schedule"),
        ("targeted", counts.targeted, "for one endpoint only; not compared"),
        ("too old", counts.too_old, "settled, but their attempts may have been deleted"),
        ("expected", counts.expected, "deliveries that must be on record"),
        ("unproven", counts.unproven, "not on record, but their endpoint has changed since"),
        ("recorded", counts.recorded, "messages with deliveries on record"),
    ]
    always = {"accepted", "settled", "open", "expected", "recorded"}
    return [
        f"Audited {name}",
        f"messages accepted from {span.since:%F %T %Z} to {span.until:%F %T %Z}",
        *[
            f"  {label:<10} {count:>10,}  {meaning}"
            for label, count, meaning in rows
            if count or label in always
        ],
    ]


def _open_meaning(oldest_ms: int | None) -> str:
    if oldest_ms is None:
        return "on their way"
    oldest = _at(oldest_ms)
    return f"on their way, the oldest since {oldest:%F %T}; `angarium doctor` finds stuck ones"


def _verdict(audit: Audit) -> list[tuple[str, str]]:
    if not audit.gaps_count:
        return [("No gap.", "green"), (_PROVEN, "dim")]
    found = f"{audit.gaps_count:,} {'gap' if audit.gaps_count == 1 else 'gaps'}."
    lines = [(found, "bold red")]
    missing = [gap for gap in audit.gaps if gap.kind is GapKind.MISSING]
    kinds = {gap.kind for gap in audit.gaps}
    if missing:
        since = min(_accepted_at(gap) for gap in missing).isoformat().replace("+00:00", "Z")
        lines.append((_REPLAY.format(since=since), ""))
    if GapKind.SET_ASIDE in kinds:
        lines.append((_SET_ASIDE, ""))
    if GapKind.OF_NO_MESSAGE in kinds:
        lines.append((_OF_NO_MESSAGE, ""))
    return lines


def _statistics_lines(statistics: AuditedStatistics) -> list[tuple[str, str]]:
    if not statistics.differences_count:
        owners = counted(
            statistics.compared, "endpoint or application", "endpoints and applications"
        )
        return [(f"Statistics are exact: {owners} counted once more.", "green")]
    found = counted(statistics.differences_count, "difference")
    shown = [(_difference_line(each), "") for each in statistics.differences[:SHOWN_MAX]]
    if statistics.differences_count > SHOWN_MAX:
        more = statistics.differences_count - SHOWN_MAX
        shown.append((f"  … and {more:,} more; --json lists up to 1,000", ""))
    return [(f"Statistics: {found}.", "bold red"), *shown, (_STATISTICS, "")]


def _outboxes_lines(outboxes: AuditedOutboxes | None) -> list[tuple[str, str]]:
    if outboxes is None:
        return []
    counts = (
        f"{counted(outboxes.compared, 'accepted event')}, {outboxes.pending:,} pending,"
        f" {outboxes.set_aside:,} set aside; {counted(outboxes.messages, 'message')} of outboxes"
    )
    lines = [(f"Outboxes: {counts}.", "")]
    if outboxes.unproven:
        lines.append((f"  {outboxes.unproven:,} may be of events deleted since.", "yellow"))
    if outboxes.is_clean:
        return [*lines, ("Outboxes and journal agree.", "green")]
    if outboxes.lost_count:
        lines.append((f"{counted(outboxes.lost_count, 'event')} without a message.", "bold red"))
        lines += [
            (f"  {each.event_id} for {each.application}", "red")
            for each in outboxes.lost[:SHOWN_MAX]
        ]
        lines.append((_LOST, ""))
    if outboxes.differing_count:
        count = counted(outboxes.differing_count, "message")
        lines.append((f"{count} with another payload than the event.", "bold red"))
        lines += [
            (f"  {each.event_id} for {each.application}", "red")
            for each in outboxes.differing[:SHOWN_MAX]
        ]
        lines.append((_DIFFERING, ""))
    if outboxes.unknown_count:
        count = counted(outboxes.unknown_count, "message")
        lines.append((f"{count} of no committed event.", "bold red"))
        lines += [
            (f"  {format_id(MESSAGE, each.id)}, eventId {each.event_id}", "red")
            for each in outboxes.unknown[:SHOWN_MAX]
        ]
        lines.append((_UNKNOWN, ""))
    return lines


def _outboxes_members(outboxes: AuditedOutboxes | None) -> dict[str, object]:
    if outboxes is None:
        return {}
    return {
        "outboxes": asdict(outboxes)
        | {
            "unknown": [
                {
                    "message_id": format_id(MESSAGE, each.id),
                    "app_id": format_id(APPLICATION, each.application_id),
                    "event_id": each.event_id,
                }
                for each in outboxes.unknown
            ]
        }
    }


def _difference_line(difference: Difference) -> str:
    starts = _at(difference.starts_at_us // 1_000)
    return (
        f"  {difference.resolution.name.lower()} of {starts:%F %T},"
        f" application {format_id(APPLICATION, difference.owner.application_id)},"
        f" {difference.event_type}, {difference.column}:"
        f" {difference.on_record:,} on record, {difference.counted:,} counted"
    )


def _difference(difference: Difference) -> dict[str, str | int]:
    return {
        "resolution": difference.resolution.name.lower(),
        "starts_at": _at(difference.starts_at_us // 1_000).isoformat(),
        "app_id": format_id(APPLICATION, difference.owner.application_id),
        "event_type": difference.event_type,
        "column": difference.column,
        "on_record": difference.on_record,
        "counted": difference.counted,
    }


def _gap_line(gap: Gap) -> str:
    where = f"application {format_id(APPLICATION, gap.application_id)}"
    what = f"{format_id(MESSAGE, gap.message_id)} of {_accepted_at(gap):%F %T}"
    if gap.endpoint_id is None:
        return f"  {what}, {where}: its batch is set aside"
    endpoint = format_id(ENDPOINT, gap.endpoint_id)
    if gap.kind is GapKind.OF_NO_MESSAGE:
        return f"  {what}, {where}: on record for {endpoint}, but not in the journal"
    return f"  {what}, {where}: nothing on record for {endpoint}"


def _part_line(part: Unaudited) -> str:
    before = f"Not audited before {_at(part.until_ms):%F %T %Z}"
    days = counted(part.days, "day")
    match part.side:
        case Side.ATTEMPTS:
            return f"{before}: missing deliveries; attempts are kept for {days}."
        case Side.MESSAGES:
            return f"{before}: deliveries without a message; messages are kept for {days}."
        case Side.TENANTS:
            tenants = counted(part.tenants, "tenant")
            return f"{before} in part: {tenants} with shorter retentionDays, the shortest {days}."


def _part(part: Unaudited) -> dict[str, str | int]:
    return {
        "side": part.side.value,
        "until": _at(part.until_ms).isoformat(),
        "kept_days": part.days,
        "tenants": part.tenants,
    }


def _members(gap: Gap) -> dict[str, str | None]:
    return {
        "kind": gap.kind.value,
        "message_id": format_id(MESSAGE, gap.message_id),
        "app_id": format_id(APPLICATION, gap.application_id),
        "endpoint_id": None if gap.endpoint_id is None else format_id(ENDPOINT, gap.endpoint_id),
        "accepted_at": _accepted_at(gap).isoformat(),
    }


def _accepted_at(gap: Gap) -> datetime:
    return _at(created_at_ms(gap.message_id))


def _at(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1_000, UTC)
