"""An audit for people and for programs."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

from angarium_contracts.ids import APPLICATION, ENDPOINT, MESSAGE, created_at_ms, format_id
from rich.console import Console
from rich.text import Text

from angarium_cli.doctor.finding import counted
from angarium_cli.verify.audit import Audit
from angarium_cli.verify.kept import Side, Unaudited
from angarium_cli.verify.ledgers import Gap, GapKind
from angarium_cli.verify.time_range import TimeRange

SHOWN_MAX = 20
_REPLAY = (
    "What to do: POST /api/v1/app/<application>/endpoint/<endpoint>/replay-missing with"
    ' {{"since": "{since}"}} delivers what an endpoint never got; run this again afterwards.'
)
_SET_ASIDE = (
    "What to do: `angarium quarantine list` tells why batches were set aside; put that right, then"
    " `angarium quarantine replay --all`."
)
_OF_NO_MESSAGE = (
    "What to do: the endpoints on record got these messages, or will; others may not have, and they"
    " cannot be resent. After the gateway's database was restored they are what was accepted since"
    " its backup: have them posted again where that matters. Where messages were kept for fewer"
    " days until lately, or somebody deleted rows, it is no more than that. Otherwise it is a fault"
    " of Angarium: keep the output of --json, and report it."
)
_PROVEN = (
    "Proven for endpoints that are enabled and were not changed since the message: each settled"
    " message that they want is on the worker's record; and all on that record is of a message."
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
        },
        indent=2,
    )


def show(name: str, span: TimeRange, audit: Audit, console: Console) -> None:
    """Counts, gaps, and what to do about them."""
    for line in _lines(name, span, audit):
        console.print(Text(line), soft_wrap=True)
    for part in audit.unaudited:
        console.print(Text(_part_line(part), "yellow"), soft_wrap=True)
    for gap in audit.gaps[:SHOWN_MAX]:
        console.print(Text(_gap_line(gap), "red"), soft_wrap=True)
    if audit.gaps_count > SHOWN_MAX:
        console.print(f"  … and {audit.gaps_count - SHOWN_MAX:,} more; --json lists up to 1,000")
    for line, style in _verdict(audit):
        console.print(Text(line, style), soft_wrap=True)


def _lines(name: str, span: TimeRange, audit: Audit) -> list[str]:
    counts = audit.counts
    rows = [
        ("accepted", counts.accepted, "messages in the journal"),
        ("settled", counts.settled, "their first attempts have ended"),
        ("open", counts.open, _open_meaning(counts.oldest_open_ms)),
        ("set aside", counts.set_aside, "cannot be delivered without you"),
        ("scheduled", counts.scheduled, "wait for their time"),
        ("cancelled", counts.cancelled, "taken off the schedule"),
        ("by hand", counts.targeted, "for one endpoint only; not compared"),
        ("too old", counts.too_old, "settled, but their attempts are not kept any more"),
        ("expected", counts.expected, "deliveries that must be on record"),
        ("unproven", counts.unproven, "not on record, but their endpoint was changed since"),
        ("recorded", counts.recorded, "messages that the worker has something of"),
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
    return f"on their way, the oldest since {oldest:%F %T}; `angarium doctor` tells if one is stuck"


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


def _gap_line(gap: Gap) -> str:
    where = f"application {format_id(APPLICATION, gap.application_id)}"
    what = f"{format_id(MESSAGE, gap.message_id)} of {_accepted_at(gap):%F %T}"
    if gap.endpoint_id is None:
        return f"  {what}, {where}: its batch is set aside"
    endpoint = format_id(ENDPOINT, gap.endpoint_id)
    if gap.kind is GapKind.OF_NO_MESSAGE:
        return f"  {what}, {where}: on record for {endpoint}, of no message"
    return f"  {what}, {where}: nothing on record for {endpoint}"


def _part_line(part: Unaudited) -> str:
    before = f"Not audited before {_at(part.until_ms):%F %T %Z}"
    days = counted(part.days, "day")
    match part.side:
        case Side.ATTEMPTS:
            return f"{before}: what is missing on record; attempts are kept for {days}."
        case Side.MESSAGES:
            return f"{before}: what is on record of no message; messages are kept for {days}."
        case Side.TENANTS:
            tenants = counted(part.tenants, "tenant")
            return f"{before} at the latest: {tenants} with less retentionDays, the least {days}."


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
