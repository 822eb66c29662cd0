"""Entries in quarantine and batches set aside: listed, put back on their streams, dropped."""

from collections.abc import Callable
from uuid import uuid4

from angarium_chassis.database.engine import Database
from angarium_chassis.streams.quarantine import QuarantineContents
from redis.asyncio import Redis

from angarium_gateway.adapters.database.set_aside_batches import SetAsideBatches
from angarium_gateway.application.platform.quarantine import (
    BATCH,
    HoldsMessages,
    NoSuchEntry,
    NotAnEntryId,
    QuarantineRefused,
    QuarantineWork,
    Replayed,
    SetAsideBatch,
)
from angarium_gateway.application.platform.quarantined_contents import (
    BatchPart,
    Content,
    batch_part,
    body_to_replay,
    content_of,
    contract_name,
    why_not_again,
)
from angarium_gateway.application.platform.replay_plan import (
    EntrySummary,
    Planned,
    Step,
    plan_replay,
)
from angarium_gateway.application.unavailable import JournalUnavailable

__all__ = [
    "BATCH",
    "BatchPart",
    "Content",
    "EntrySummary",
    "HoldsMessages",
    "JournalUnavailable",
    "NoSuchEntry",
    "NotAnEntryId",
    "Planned",
    "QuarantineRefused",
    "QuarantineWork",
    "Replayed",
    "SetAsideBatch",
    "Step",
    "batch_part",
    "body_to_replay",
    "content_of",
    "contract_name",
    "plan_replay",
    "quarantine_work",
    "why_not_again",
]

_SERVICES = ("gateway", "dispatcher", "worker")


def quarantine_work(
    redis: Redis,
    database: Database | None,
    *,
    make_owner: Callable[[], str] = lambda: uuid4().hex,
) -> QuarantineWork:
    """Work on the quarantines in this Redis and, if it is given, on the gateway's database."""
    shelves = {service: QuarantineContents(redis, service) for service in _SERVICES}
    set_aside = None if database is None else SetAsideBatches(database)
    return QuarantineWork(shelves, set_aside, make_owner)
