"""Attempts at polled endpoints in records that are about to be written."""

from collections.abc import Collection, Sequence

import msgspec
from angarium_contracts.polling import POLL_URL

from angarium_worker.application.ledger.records import AttemptRow, Record
from angarium_worker.domain.poll_order import PolledAttempt, ordered_ids

type Written = Collection[tuple[bytes, bytes]]
"""Message and the last 8 bytes of the id of attempts that are in the ledger already."""


def polled_attempts(records: Sequence[Record]) -> list[PolledAttempt]:
    """The attempts at polled endpoints, in the order in which `in_poll_order` visits them."""
    found = [
        PolledAttempt(row.id, row.message_id, row.endpoint_id)
        for record in records
        for row in record.attempts
        if row.url == POLL_URL
    ]
    for record in records:
        for settled in record.leased:
            row = settled.attempt
            if row is not None and row.url == POLL_URL:
                found.append(PolledAttempt(row.id, row.message_id, row.endpoint_id, leased=True))
    return found


def in_poll_order(
    records: Sequence[Record],
    attempts: Sequence[PolledAttempt],
    first_ticks: dict[bytes, int],
    written: Written,
) -> list[Record]:
    """The records with the attempts' ids in order, each endpoint's from its first tick on.

    Free attempts that are `written` are left out: the commit of this record was not confirmed, and
    now it is written again. Those under a lease are protected by their fence.
    """
    ids = iter(ordered_ids(attempts, first_ticks))

    def renamed(row: AttemptRow) -> AttemptRow:
        return row._replace(id=next(ids)) if row.url == POLL_URL else row

    free = [
        [row for row in map(renamed, record.attempts) if _key(row) not in written]
        for record in records
    ]
    leased = [
        [
            settled
            if settled.attempt is None
            else settled._replace(attempt=renamed(settled.attempt))
            for settled in record.leased
        ]
        for record in records
    ]
    return [
        msgspec.structs.replace(record, attempts=attempts_of, leased=leased_of)
        for record, attempts_of, leased_of in zip(records, free, leased, strict=True)
    ]


def keys_to_look_up(attempts: Sequence[PolledAttempt]) -> list[tuple[bytes, bytes]]:
    """The keys by which attempts that may be `written` are recognised, whatever their time."""
    return [(each.message_id, each.id[8:]) for each in attempts if not each.leased]


def _key(row: AttemptRow) -> tuple[bytes, bytes] | None:
    return (row.message_id, row.id[8:]) if row.url == POLL_URL else None
