"""The dispatcher's stretch: accepted batches are read, matched to endpoints, written as chunks."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from angarium_chassis.streams.received import Received
from angarium_contracts.contract import Reader, encode
from angarium_contracts.hot_path import AcceptedMessage, MessagesAccepted
from angarium_contracts.stream_names import DISPATCHERS, deliveries_requested, messages_accepted
from angarium_dispatcher.adapters.metrics import DispatchMetrics
from angarium_dispatcher.adapters.streams.dispatch_batches import BatchDispatch
from angarium_dispatcher.application.dispatch.recipients_cache import RecipientsCache
from angarium_dispatcher.domain.matching import EndpointFilter, Recipients
from event_body import EVENT_TYPE
from replay import APPLICATION, ENDPOINT, TENANT, Replay, ReplayWriter, number_id, payload_bytes


def prepare(rounds: int, at_once: int) -> Replay:
    """Entries of `at_once` messages each, for one endpoint."""
    payload = payload_bytes()
    entries = [
        encode(
            MessagesAccepted(
                batch_id=number_id(1 + number),
                publication=1,
                settle_to="deliveries.settled:replay",
                messages=tuple(
                    AcceptedMessage(
                        id=number_id(1_000_000 + number * at_once + place),
                        tenant_id=TENANT,
                        application_id=APPLICATION,
                        application_version=1,
                        event_type=EVENT_TYPE,
                        payload=payload,
                    )
                    for place in range(at_once)
                ),
            )
        )
        for number in range(rounds)
    ]
    return Replay(partial(_run, entries, at_once))


async def _run(entries: Sequence[bytes], at_once: int, rounds: int) -> int:
    cache = RecipientsCache(_recipients, applications_max=1_000, weight_max=10_000)
    writer = ReplayWriter()
    dispatch = BatchDispatch(
        cache,
        cast("Any", writer),
        DispatchMetrics(cache),
        requests=deliveries_requested(0),
        pause=cast("Any", None),
    )
    reader = Reader(MessagesAccepted)
    for number in range(rounds):
        value = reader.read(entries[number])
        assert isinstance(value, MessagesAccepted)
        received = Received(
            messages_accepted(0), DISPATCHERS, b"1-0", value, False, cast("Any", None)
        )
        await dispatch([received])
        await asyncio.sleep(0)
    return writer.acknowledged * at_once


async def _recipients(application_ids: Sequence[bytes]) -> dict[bytes, Recipients]:
    everything = EndpointFilter(ENDPOINT, 1, None)
    return {each: Recipients(1, [everything]) for each in application_ids}
