"""A polled endpoint takes every delivery at once, and nothing is sent."""

import asyncio

from angarium_contracts.polling import POLL_URL
from angarium_worker.adapters.destinations.polled import POLL_SCHEME, PolledDestination
from angarium_worker.application.destinations.destination import (
    Destinations,
    OutgoingDelivery,
)
from angarium_worker.domain.attempt_result import Accepted, AttemptResult

DELIVERY = OutgoingDelivery("msg_1", "a", b"{}", None, 1_700_000_000, 1, 15.0)


async def test_every_delivery_is_taken_later_from_the_event_loop() -> None:
    destination = PolledDestination()
    assert Destinations(PolledDestination(), {POLL_SCHEME: destination}).of(POLL_URL) is destination
    results: list[AttemptResult] = []
    destination.submit(None, DELIVERY, results.append)
    assert results == []
    await asyncio.sleep(0)
    assert results == [Accepted()]


async def test_a_cancelled_attempt_has_no_result() -> None:
    destination = PolledDestination()
    results: list[AttemptResult] = []
    destination.submit(None, DELIVERY, results.append).cancel()
    await asyncio.sleep(0)
    assert results == []
