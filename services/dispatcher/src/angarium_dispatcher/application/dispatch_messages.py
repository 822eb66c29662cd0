"""Turning accepted batches into chunks of deliveries. Nothing is written down on the way."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from angarium_contracts.hot_path import (
    AcceptedMessage,
    DeliveriesRequested,
    DeliveriesSettled,
    MessagesAccepted,
    RequestedDelivery,
    RequestedMessage,
    SettledChunk,
)

from angarium_dispatcher.domain.chunking import plan_chunks
from angarium_dispatcher.domain.matching import EndpointFilter, Recipients

from .recipients_cache import RecipientsCache


@dataclass(slots=True)
class DispatchedCounts:
    """What one call dispatched, for the metrics."""

    messages: int = 0
    deliveries: int = 0
    batches_without_recipients: int = 0


@dataclass(frozen=True, slots=True)
class Fan:
    """A batch with the endpoints of each of its messages, in the order of its messages, and
    what is known of their applications."""

    batch: MessagesAccepted
    recipients: tuple[Sequence[EndpointFilter], ...]
    known: Mapping[bytes, Recipients]


async def resolve(batches: Iterable[MessagesAccepted], cache: RecipientsCache) -> list[Fan]:
    """Find the endpoints of every message. Raises what the cache's read raises."""
    batches = tuple(batches)
    versions: dict[bytes, int] = {}
    for batch in batches:
        for message in batch.messages:
            application_id = message.application_id
            if versions.get(application_id, -1) < message.application_version:
                versions[application_id] = message.application_version
    known = await cache.get(versions)
    return [
        Fan(
            batch,
            tuple(
                [
                    known[message.application_id].of(message.event_type, message.channels)
                    for message in batch.messages
                ]
            ),
            known,
        )
        for batch in batches
    ]


def requested(
    fan: Fan, *, redelivered: bool, counts: DispatchedCounts
) -> Iterator[tuple[DeliveriesRequested | DeliveriesSettled, int]]:
    """What to publish for a batch, with the payload bytes of each: its chunks, made one by
    one; or, if nobody wants any of its messages, that it is settled."""
    batch = fan.batch
    messages = batch.messages
    counts.messages += len(messages)
    plan = plan_chunks(
        [
            (len(message.payload), len(recipients))
            for message, recipients in zip(messages, fan.recipients, strict=True)
        ]
    )
    if not plan:
        counts.batches_without_recipients += 1
        yield _settled(batch), 0
        return
    for number, slices in enumerate(plan):
        parts = [
            _part(messages[index], fan.recipients[index][start:stop], fan.known)
            for index, start, stop in slices
        ]
        counts.deliveries += sum([stop - start for _, start, stop in slices])
        yield (
            DeliveriesRequested(
                batch_id=batch.batch_id,
                publication=batch.publication,
                settle_to=batch.settle_to,
                chunk=number,
                chunks=len(plan),
                redelivered=redelivered,
                messages=tuple(parts),
            ),
            sum([len(part.payload) for part in parts]),
        )


def _part(
    message: AcceptedMessage,
    recipients: Sequence[EndpointFilter],
    known: Mapping[bytes, Recipients],
) -> RequestedMessage:
    application = known[message.application_id]
    return RequestedMessage(
        message.id,
        message.tenant_id,
        message.application_id,
        message.event_type,
        message.payload,
        tuple([RequestedDelivery(one.endpoint_id, one.version) for one in recipients]),
        message.trace,
        message.channels,
        application.share,
        application.schedules.of(message.event_type),
    )


def _settled(batch: MessagesAccepted) -> DeliveriesSettled:
    return DeliveriesSettled(
        (SettledChunk(batch_id=batch.batch_id, publication=batch.publication, chunk=0, chunks=0),)
    )
