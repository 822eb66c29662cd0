"""The gateway's journal: batches that stay open, batches set aside, messages past their time."""

from dataclasses import dataclass
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import created_at_ms
from angarium_gateway.adapters.database.batches import SET_ASIDE
from angarium_gateway.adapters.database.tables import batch, message, replica, scheduled_message
from angarium_gateway.application.publish.membership import DEAD_AFTER_S
from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_cli.doctor.finding import Finding, counted, lasted, ok, problem, warning

SUBJECT = "gateway batches"
COUNTED_MAX = 10_000
_OLDEST_LOOKED_AT = 100
_SCHEDULE_LATE_S = 60.0


@dataclass(frozen=True, slots=True)
class JournalState:
    """Counts stop at `COUNTED_MAX`. `stuck` of the oldest open batches have been open for too
    long, the first of them for `oldest_s`. `late_s`: how long the first scheduled message has been
    due; None: none is."""

    open: int
    stuck: int
    oldest_s: float
    set_aside: int
    gateways: int
    late_s: float | None


async def read_journal(database: Database, *, older_than_s: float) -> JournalState:
    """Look at the open batches. Raises SQLAlchemy's errors."""
    async with database.reading.connect() as connection:
        clock = select(clock_us(on_postgres=database.on_postgres))
        now_us = int(await connection.scalar(clock) or 0)
        ages_s = await _ages_s(connection, now_us)
        stuck = [age_s for age_s in ages_s if age_s >= older_than_s]
        due_us = await connection.scalar(select(func.min(scheduled_message.c.deliver_at)))
        late_s = None if due_us is None else (now_us - due_us) / 1_000_000
        alive_since = now_us - int(2 * DEAD_AFTER_S * 1_000_000)
        return JournalState(
            open=await _count(connection, select(batch.c.id).where(batch.c.owner != SET_ASIDE)),
            stuck=len(stuck),
            oldest_s=max(stuck, default=0.0),
            set_aside=await _count(
                connection, select(batch.c.id).where(batch.c.owner == SET_ASIDE)
            ),
            gateways=await _count(
                connection, select(replica.c.id).where(replica.c.seen_at > alive_since)
            ),
            late_s=late_s if late_s is not None and late_s > 0 else None,
        )


def judge_journal(state: JournalState, *, in_streams: int | None) -> list[Finding]:
    """`in_streams`: entries on the way between the services; None: not known."""
    findings: list[Finding] = []
    if not state.gateways:
        findings.append(
            problem("gateway", "No gateway runs: nobody publishes messages.", "Start one.")
        )
    if state.set_aside:
        findings.append(
            problem(
                SUBJECT,
                f"{_counted(state.set_aside, 'batch', 'batches')} set aside: every entry of theirs"
                " ended in quarantine, and nobody delivers their messages.",
                "Read the reasons with `angarium quarantine list`, put right what they tell, then"
                " `angarium quarantine replay --all`.",
            )
        )
    if state.stuck:
        findings.append(_stuck(state, in_streams))
    if state.late_s is not None and state.late_s >= _SCHEDULE_LATE_S:
        findings.append(
            warning(
                "gateway schedule",
                f"A scheduled message has been due for {lasted(state.late_s)}.",
                "Read the gateway's log: look for scheduler.waits.",
            )
        )
    if findings:
        return findings
    return [ok(SUBJECT, f"{_counted(state.open, 'batch', 'batches')} open, none for too long.")]


def _stuck(state: JournalState, in_streams: int | None) -> Finding:
    sentence = (
        f"{_counted(state.stuck, 'batch', 'batches', _OLDEST_LOOKED_AT)} open for too long, the"
        f" oldest for {lasted(state.oldest_s)}"
    )
    if in_streams:
        return warning(
            SUBJECT,
            f"{sentence}; {counted(in_streams, 'entry', 'entries')} in the streams are being"
            " worked off.",
            "Look again in a minute: the count must fall. Add dispatchers or workers if it grows.",
        )
    return problem(
        SUBJECT,
        f"{sentence}, and nothing of them is on its way.",
        "Read the gateway's log (relay.waits, recovery.waits, membership.waits); restarting the"
        " gateway publishes them again and loses nothing.",
    )


async def _ages_s(connection: AsyncConnection, now_us: int) -> list[float]:
    """For how long the oldest batches have been open. That of scheduled messages is made when
    they are due, however old their ids are."""
    rows = (
        await connection.execute(
            select(batch.c.message_refs)
            .where(batch.c.owner != SET_ASIDE)
            .order_by(batch.c.id)
            .limit(_OLDEST_LOOKED_AT)
        )
    ).all()
    newest = [bytes(row.message_refs)[-32:] for row in rows]
    keys = [(reference[:16], reference[16:]) for reference in newest]
    if not keys:
        return []
    scheduled = await connection.execute(
        select(message.c.id, message.c.deliver_at).where(
            tuple_(message.c.application_id, message.c.id).in_(keys),
            message.c.deliver_at.is_not(None),
        )
    )
    due_us = {bytes(row.id): to_micros(row.deliver_at) for row in scheduled}
    return [
        (now_us - max(created_at_ms(each) * 1_000, due_us.get(each, 0))) / 1_000_000
        for _, each in keys
    ]


async def _count(connection: AsyncConnection, rows: Select[Any]) -> int:
    some = rows.limit(COUNTED_MAX).subquery()
    return int(await connection.scalar(select(func.count()).select_from(some)) or 0)


def _counted(count: int, thing: str, things: str, at_most: int = COUNTED_MAX) -> str:
    text = f"{counted(count, thing, things)} {'is' if count == 1 else 'are'}"
    return f"At least {text}" if count >= at_most else text
