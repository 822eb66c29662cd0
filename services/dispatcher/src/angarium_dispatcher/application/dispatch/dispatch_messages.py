"""Turning accepted batches into chunks of deliveries, without writing to the database."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from angarium_contracts.hot_path import (
    AcceptedMessage,
    DeliveriesRequested,
    DeliveriesSettled,
    MessagesAccepted,
    RequestedDelivery,
    RequestedMessage,
    SettledChunk,
)

from angarium_dispatcher.application.dispatch.recipients_cache import RecipientsCache
from angarium_dispatcher.domain.chunking import plan_chunks
from angarium_dispatcher.domain.filters.message_filter import FilteredMessage
from angarium_dispatcher.domain.matching import EndpointFilter, Recipients, accepted


@dataclass(slots=True)
class DispatchedCounts:
    """Counts of one handler call, for the metrics."""

    messages: int = 0
    deliveries: int = 0
    batches_without_recipients: int = 0
    filters_failed: int = 0


@dataclass(frozen=True, slots=True)
class MatchedBatch:
    """A batch with the endpoints of each of its messages, in the order of the messages, and the
    recipients of their applications by id. `failed_filters` has an endpoint's id for each message
    for which its filter had no result."""

    batch: MessagesAccepted
    endpoints: tuple[Sequence[EndpointFilter], ...]
    applications: Mapping[bytes, Recipients]
    failed_filters: Sequence[bytes] = ()


async def match_batches(
    batches: Iterable[MessagesAccepted], cache: RecipientsCache
) -> list[MatchedBatch]:
    """Find the endpoints of every message. Raises what the cache's read raises."""
    batches = tuple(batches)
    versions: dict[bytes, int] = {}
    for batch in batches:
        for message in batch.messages:
            application_id = message.application_id
            if versions.get(application_id, -1) < message.application_version:
                versions[application_id] = message.application_version
    applications = await cache.get(versions)
    matched = [
        MatchedBatch(
            batch,
            tuple(
                [
                    applications[message.application_id].matching(
                        message.event_type, message.channels
                    )
                    for message in batch.messages
                ]
            ),
            applications,
        )
        for batch in batches
    ]
    if any(recipients.filtered for recipients in applications.values()):
        return [_filtered(each) for each in matched]
    return matched


def _filtered(matched: MatchedBatch) -> MatchedBatch:
    """The batch without the endpoints whose filter expressions do not match."""
    failed: list[bytes] = []
    endpoints: list[Sequence[EndpointFilter]] = []
    for message, recipients in zip(matched.batch.messages, matched.endpoints, strict=True):
        application = matched.applications[message.application_id]
        if application.filtered and recipients:
            filtered = FilteredMessage(
                message.event_type,
                message.channels,
                message.tags,
                application.metadata,
                message.payload,
                message.content_type,
            )
            recipients = accepted(recipients, filtered, failed)
        endpoints.append(recipients)
    return replace(matched, endpoints=tuple(endpoints), failed_filters=failed)


def publications_of(
    matched: MatchedBatch, *, redelivered: bool, counts: DispatchedCounts
) -> Iterator[tuple[DeliveriesRequested | DeliveriesSettled, int]]:
    """The contracts to publish for a batch, each with its payload bytes.

    They are its chunks, built lazily so that a large fan-out is never in memory as a whole;
    or its settlement when no endpoint accepts any of its messages.
    """
    batch = matched.batch
    messages = batch.messages
    counts.messages += len(messages)
    counts.filters_failed += len(matched.failed_filters)
    plan = plan_chunks(
        [
            (len(message.payload), len(recipients))
            for message, recipients in zip(messages, matched.endpoints, strict=True)
        ]
    )
    if not plan:
        counts.batches_without_recipients += 1
        yield _settled(batch), 0
        return
    for number, slices in enumerate(plan):
        parts = [
            _part(messages[index], matched.endpoints[index][start:stop], matched.applications)
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
    applications: Mapping[bytes, Recipients],
) -> RequestedMessage:
    application = applications[message.application_id]
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
        message.content_type,
    )


def _settled(batch: MessagesAccepted) -> DeliveriesSettled:
    return DeliveriesSettled(
        (
            SettledChunk(
                batch_id=batch.batch_id, publication=batch.publication, chunk=0, chunks=0, held_us=0
            ),
        )
    )
