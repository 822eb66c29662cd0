"""The destination of endpoints that are polled. Nothing leaves the worker.

An attempt succeeds at once. The row that records it makes the message available: consumers read
the endpoint's attempts in the order of their ids (`poll_order`).
"""

import asyncio
from collections.abc import Callable
from typing import Final

from angarium_contracts.polling import POLL_URL

from angarium_worker.application.destinations.destination import (
    DestinationOptions,
    OutgoingDelivery,
    SubmittedAttempt,
)
from angarium_worker.domain.attempt_result import Accepted, AttemptResult

POLL_SCHEME: Final = POLL_URL.partition(":")[0]
_ACCEPTED: Final = Accepted()


class PolledDestination:
    """Implements `Destination`. Construct it inside its event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def prepare(self, options: DestinationOptions) -> None:
        """As the port has it: there is nothing to prepare."""

    def submit(
        self,
        prepared: None,
        delivery: OutgoingDelivery,
        on_result: Callable[[AttemptResult], None],
    ) -> SubmittedAttempt:
        """As the port has it."""
        return self._loop.call_soon(on_result, _ACCEPTED)
