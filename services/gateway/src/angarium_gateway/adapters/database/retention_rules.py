"""Has payloads deleted that an application or an event type keeps for a shorter time.

Messages that have become too old get an entry in `payload_expiry`, as those have that were posted
with a retention of their own; `retention_payloads` deletes their payloads, unless something holds
them. Posting a message costs nothing more, and a rule applies to messages posted before it, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from angarium_chassis.database.retention_table import POSTGRES_ROWS_MAX, SQLITE_ROWS_MAX
from angarium_chassis.database.retention_turn import RetentionTurn
from angarium_contracts.ids import lowest_id_at
from sqlalchemy import ColumnElement, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .payload_retentions import NO_APPLICATION, NO_EVENT_TYPE
from .tables import application_copy, message, payload_expiry, payload_retention

RULES_PAGE: Final = 1_000
APPLICATIONS_PAGE: Final = 200
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of `payload_retention`."""

    tenant_id: bytes
    application_id: bytes
    event_type: str
    hours: int


class PayloadRules:
    """The retention task of rules. It remembers up to which message each has been applied; after a
    start it looks through all messages once more."""

    def __init__(self) -> None:
        self._applied: dict[Rule, bytes] = {}

    async def __call__(self, turn: RetentionTurn) -> None:
        """Apply every rule to the messages that have become too old since the last turn."""
        applied: dict[Rule, bytes] = {}
        after: Rule | None = None
        while rules := await _rules(turn, after):
            for rule in rules:
                first = self._applied.get(rule, bytes(16))
                end = lowest_id_at(turn.now_ms - rule.hours * _HOUR_MS)
                complete = first >= end or await _apply(turn, rule, first, end)
                applied[rule] = max(first, end) if complete else first
            after = rules[-1]
        self._applied = applied


async def _rules(turn: RetentionTurn, after: Rule | None) -> list[Rule]:
    row = payload_retention.c
    query = (
        select(row.tenant_id, row.application_id, row.event_type, row.hours)
        .order_by(row.tenant_id, row.application_id, row.event_type)
        .limit(RULES_PAGE)
    )
    if after is not None:
        query = query.where(_follows(after))
    async with turn.read() as connection:
        rows = (await connection.execute(query)).all()
    return [
        Rule(bytes(each.tenant_id), bytes(each.application_id), each.event_type, each.hours)
        for each in rows
    ]


def _follows(rule: Rule) -> ColumnElement[bool]:
    row = payload_retention.c
    same_tenant = row.tenant_id == rule.tenant_id
    same_application = same_tenant & (row.application_id == rule.application_id)
    return (
        (row.tenant_id > rule.tenant_id)
        | (same_tenant & (row.application_id > rule.application_id))
        | (same_application & (row.event_type > rule.event_type))
    )


async def _apply(turn: RetentionTurn, rule: Rule, first: bytes, end: bytes) -> bool:
    """Returns False if the rest is left to the next turn."""
    if rule.application_id != NO_APPLICATION:
        return await _expire(turn, rule, [rule.application_id], first, end)
    known, after = application_copy.c, NO_APPLICATION
    while True:
        page = (
            select(known.id)
            .where(known.tenant_id == rule.tenant_id, known.id > after)
            .order_by(known.id)
            .limit(APPLICATIONS_PAGE)
        )
        async with turn.read() as connection:
            ids = [bytes(each) for each in await connection.scalars(page)]
        if not ids:
            return True
        if not await _expire(turn, rule, ids, first, end):
            return False
        after = ids[-1]


async def _expire(
    turn: RetentionTurn, rule: Rule, application_ids: Sequence[bytes], first: bytes, end: bytes
) -> bool:
    rows_max = POSTGRES_ROWS_MAX if turn.on_postgres else SQLITE_ROWS_MAX
    found = _too_old(rule, application_ids, first, end).limit(rows_max)

    async def step(connection: AsyncConnection) -> bool:
        rows = (await connection.execute(found)).all()
        if rows:
            now_us = turn.now_ms * 1_000
            values = [
                {"message_id": row.id, "application_id": row.application_id, "expires_at": now_us}
                for row in rows
            ]
            await connection.execute(insert(payload_expiry), values)
        return len(rows) == rows_max

    async def none_left() -> bool:
        async with turn.read() as connection:
            return (await connection.execute(found.limit(1))).first() is None

    if await none_left():
        return True
    await turn.repeat(step)
    return await none_left()


def _too_old(rule: Rule, application_ids: Sequence[bytes], first: bytes, end: bytes) -> Any:
    of_rule = [] if rule.event_type == NO_EVENT_TYPE else [message.c.event_type == rule.event_type]
    # A retention of the message's own, longer or shorter, goes first.
    own = select(literal(1)).where(payload_expiry.c.message_id == message.c.id).exists()
    return select(message.c.application_id, message.c.id).where(
        message.c.application_id.in_(application_ids),
        message.c.id >= first,
        message.c.id < end,
        message.c.expunged_at.is_(None),
        *of_rule,
        ~own,
    )
