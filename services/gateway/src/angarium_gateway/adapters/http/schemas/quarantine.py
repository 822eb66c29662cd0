"""Entries in quarantine and batches set aside, on the wire."""

import base64
from datetime import UTC, datetime
from typing import Annotated, Literal

from angarium_chassis.streams.quarantined_entry import QuarantinedEntry
from angarium_contracts.hot_path import DeliveriesRequested, MessagesAccepted
from angarium_contracts.ids import APPLICATION, MESSAGE, created_at_ms, format_id
from msgspec import Meta

from angarium_gateway.application.platform.quarantine import BATCH, Replayed, SetAsideBatch
from angarium_gateway.application.platform.quarantine_pages import ListedEntry, listed
from angarium_gateway.application.platform.quarantined_contents import content_of
from angarium_gateway.application.platform.replay_plan import Planned, Step

from .fields import ApiSchema, RequestSchema

MESSAGES_SHOWN_MAX = 20
IDS_MAX = 250

type Outcome = Literal["put_back", "superseded", "comes_again", "settled", "kept"]
_OUTCOMES: dict[Step, Outcome] = {
    Step.PUT_BACK: "put_back",
    Step.SUPERSEDED: "superseded",
    Step.COMES_AGAIN: "comes_again",
    Step.SETTLED: "settled",
    Step.KEPT: "kept",
}

Refs = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=128)]],
    Meta(min_length=1, max_length=IDS_MAX, description="Ids, as they are listed."),
]
EntryId = Annotated[str, Meta(examples=["worker/1735689600000-0"])]


class QuarantineEntryOut(ApiSchema, frozen=True, kw_only=True):
    """An entry that a service could not handle, without its bytes."""

    id: EntryId
    service: str
    stream: str
    contract: Annotated[str, Meta(description="What the entry is, by the name of its contract.")]
    reason: str
    tries: int
    quarantined_at: datetime
    size_bytes: int
    replayable: Annotated[bool, Meta(description="`false`: putting it back cannot help.")]
    refusal: Annotated[str | None, Meta(description="Why it cannot help.")]


class QuarantinedMessageOut(ApiSchema, frozen=True, kw_only=True):
    """A message in an entry, without its payload."""

    id: str
    app_id: str
    event_type: str
    payload_bytes: int


class QuarantineEntryDetailsOut(QuarantineEntryOut, frozen=True, kw_only=True):
    """An entry with what it carries, but no payloads. Members of batches are `null` in others."""

    entry_id: Annotated[str, Meta(description="Its former id in the stream.")]
    batch_id: str | None
    publication: int | None
    chunk: int | None
    chunks: int | None
    message_count: int
    messages: Annotated[
        list[QuarantinedMessageOut], Meta(description="The first 20 of its messages.")
    ]


class QuarantineBytesOut(ApiSchema, frozen=True, kw_only=True):
    """The bytes of an entry. They contain customers' payloads."""

    id: EntryId
    size_bytes: int
    base64: str

    def __repr__(self) -> str:
        return f"QuarantineBytesOut(id={self.id!r})"


class SetAsideBatchOut(ApiSchema, frozen=True, kw_only=True):
    """A batch that was published too often without being settled."""

    id: Annotated[str, Meta(examples=["batch/0190f0f5a0007000800000000000002a"])]
    messages: int
    publications: int
    accepted_at: datetime
    size_bytes: int


class QuarantineReplayIn(RequestSchema, frozen=True, kw_only=True):
    """What to replay: either `ids` or `all`."""

    ids: Refs | None = None
    all: Annotated[
        bool | None,
        Meta(
            description="Replay everything that is not published again anyway, and all batches set"
            " aside. Entries whose batches come again are removed."
        ),
    ] = None
    force: Annotated[
        bool | None, Meta(description="Put back unreadable entries as well, unchanged.")
    ] = None


class QuarantineDropIn(RequestSchema, frozen=True, kw_only=True):
    """What to drop: either `ids` or `all`."""

    ids: Refs | None = None
    all: Annotated[bool | None, Meta(description="Drop all entries.")] = None


class ReplayedEntryOut(ApiSchema, frozen=True, kw_only=True):
    """What became of an entry."""

    id: EntryId
    outcome: Outcome
    detail: Annotated[str, Meta(examples=["put back"])]


class QuarantineReplayOut(ApiSchema, frozen=True, kw_only=True):
    """The outcome of a replay. `batches` counts the batches that are published again."""

    batches: int
    entries: list[ReplayedEntryOut]


class QuarantineDropOut(ApiSchema, frozen=True, kw_only=True):
    """The number of entries that existed and were dropped."""

    dropped: int


def entry_out(entry: ListedEntry) -> QuarantineEntryOut:
    """An entry as it is listed."""
    return QuarantineEntryOut(
        id=entry.ref,
        service=entry.service,
        stream=entry.stream,
        contract=entry.contract,
        reason=entry.reason,
        tries=entry.tries,
        quarantined_at=datetime.fromtimestamp(entry.quarantined_at_ms / 1_000, UTC),
        size_bytes=entry.size_bytes,
        replayable=entry.refusal is None,
        refusal=entry.refusal,
    )


def details_out(entry: QuarantinedEntry) -> QuarantineEntryDetailsOut:
    """An entry with what it carries."""
    shown = entry_out(listed(entry))
    content = content_of(entry)
    of_batch = content if isinstance(content, MessagesAccepted | DeliveriesRequested) else None
    chunk = content if isinstance(content, DeliveriesRequested) else None
    messages = () if of_batch is None else of_batch.messages
    return QuarantineEntryDetailsOut(
        **{name: getattr(shown, name) for name in QuarantineEntryOut.__struct_fields__},
        entry_id=entry.entry_id,
        batch_id=None if of_batch is None else of_batch.batch_id.hex(),
        publication=None if of_batch is None else of_batch.publication,
        chunk=None if chunk is None else chunk.chunk,
        chunks=None if chunk is None else chunk.chunks,
        message_count=len(messages),
        messages=[
            QuarantinedMessageOut(
                id=format_id(MESSAGE, each.id),
                app_id=format_id(APPLICATION, each.application_id),
                event_type=each.event_type,
                payload_bytes=len(each.payload),
            )
            for each in messages[:MESSAGES_SHOWN_MAX]
        ],
    )


def bytes_out(entry: QuarantinedEntry) -> QuarantineBytesOut:
    """The bytes of an entry."""
    return QuarantineBytesOut(
        id=f"{entry.service}/{entry.id}",
        size_bytes=len(entry.body),
        base64=base64.b64encode(entry.body).decode("ascii"),
    )


def set_aside_out(batch: SetAsideBatch) -> SetAsideBatchOut:
    """A batch as it is listed."""
    return SetAsideBatchOut(
        id=f"{BATCH}/{batch.id.hex()}",
        messages=len(batch.message_ids),
        publications=batch.publication,
        accepted_at=datetime.fromtimestamp(created_at_ms(batch.id) / 1_000, UTC),
        size_bytes=batch.size_bytes,
    )


def replayed_out(done: Replayed) -> QuarantineReplayOut:
    """The outcome of a replay."""
    return QuarantineReplayOut(
        batches=done.batches, entries=[_replayed(each) for each in done.planned]
    )


def _replayed(each: Planned) -> ReplayedEntryOut:
    why = f": {each.entry.refusal}" if each.step is Step.KEPT and each.entry.refusal else ""
    return ReplayedEntryOut(
        id=f"{each.entry.service}/{each.entry.id}",
        outcome=_OUTCOMES[each.step],
        detail=f"{each.step.value}{why}",
    )
