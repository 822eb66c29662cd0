"""Senders of webhooks to an application under test."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from . import deliveries
from .deliveries import DEFAULT_OVERSIZED_BYTES, Delivery
from .transports import Response, Transport

LATE_S = 3600


class _Signer:
    """Makes the deliveries of one secret."""

    def __init__(self, transport: Transport, secret: str, clock: Callable[[], float]) -> None:
        self.transport = transport
        self.secret = secret
        self._clock = clock

    def delivery(
        self, payload: Any, *, webhook_id: str | None = None, age_s: float = 0
    ) -> Delivery:
        """A signed delivery, to be changed or sent by `deliver`. Bytes are sent as they are."""
        chosen = webhook_id or deliveries.new_id()
        return deliveries.signed(self.secret, payload, chosen, self._clock() - age_s)

    def _oversized(self, body_bytes: int) -> Delivery:
        now_s = self._clock()
        return deliveries.oversized(self.secret, deliveries.new_id(), now_s, body_bytes)


class WebhookSender(_Signer):
    """Sends webhooks, and gives the responses.

    An application should accept `send`, and each of `duplicated` and `reordered`; and refuse
    `late`, `tampered`, `unsigned` and `oversized`.
    """

    def __init__(
        self, transport: Transport, secret: str, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(transport, secret, clock)

    def deliver(self, delivery: Delivery) -> Response:
        """Send a delivery as it is."""
        return self.transport.send(delivery)

    def send(self, payload: Any, *, webhook_id: str | None = None) -> Response:
        """Send one signed webhook."""
        return self.deliver(self.delivery(payload, webhook_id=webhook_id))

    def duplicated(self, payload: Any, times: int = 2) -> list[Response]:
        """Send one webhook several times, with one `webhook-id`, as after a fault."""
        webhook_id = deliveries.new_id()
        return [self.send(payload, webhook_id=webhook_id) for _ in range(times)]

    def reordered(self, payloads: Sequence[Any]) -> list[Response]:
        """Send webhooks in the opposite order; the responses are in the order of sending."""
        made = [self.delivery(each) for each in payloads]
        return [self.deliver(each) for each in deliveries.reordered(made)]

    def late(self, payload: Any, age_s: float = LATE_S) -> Response:
        """Send what was signed long ago, as who replays a recorded webhook does."""
        return self.deliver(self.delivery(payload, age_s=age_s))

    def tampered(self, payload: Any) -> Response:
        """Send a webhook whose body was changed after it was signed."""
        return self.deliver(deliveries.tampered(self.delivery(payload)))

    def unsigned(self, payload: Any) -> Response:
        """Send a webhook without a signature."""
        return self.deliver(deliveries.unsigned(self.delivery(payload)))

    def oversized(self, body_bytes: int = DEFAULT_OVERSIZED_BYTES) -> Response:
        """Send a signed webhook with a body of this size."""
        return self.deliver(self._oversized(body_bytes))


class AsyncWebhookSender(_Signer):
    """As WebhookSender, for async tests: an ASGI application runs in the loop of the test."""

    def __init__(
        self, transport: Transport, secret: str, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(transport, secret, clock)

    async def deliver(self, delivery: Delivery) -> Response:
        """Send a delivery as it is."""
        return await self.transport.send_async(delivery)

    async def send(self, payload: Any, *, webhook_id: str | None = None) -> Response:
        """Send one signed webhook."""
        return await self.deliver(self.delivery(payload, webhook_id=webhook_id))

    async def duplicated(self, payload: Any, times: int = 2) -> list[Response]:
        """Send one webhook several times, with one `webhook-id`, as after a fault."""
        webhook_id = deliveries.new_id()
        return [await self.send(payload, webhook_id=webhook_id) for _ in range(times)]

    async def reordered(self, payloads: Sequence[Any]) -> list[Response]:
        """Send webhooks in the opposite order; the responses are in the order of sending."""
        made = [self.delivery(each) for each in payloads]
        return [await self.deliver(each) for each in deliveries.reordered(made)]

    async def late(self, payload: Any, age_s: float = LATE_S) -> Response:
        """Send what was signed long ago, as who replays a recorded webhook does."""
        return await self.deliver(self.delivery(payload, age_s=age_s))

    async def tampered(self, payload: Any) -> Response:
        """Send a webhook whose body was changed after it was signed."""
        return await self.deliver(deliveries.tampered(self.delivery(payload)))

    async def unsigned(self, payload: Any) -> Response:
        """Send a webhook without a signature."""
        return await self.deliver(deliveries.unsigned(self.delivery(payload)))

    async def oversized(self, body_bytes: int = DEFAULT_OVERSIZED_BYTES) -> Response:
        """Send a signed webhook with a body of this size."""
        return await self.deliver(self._oversized(body_bytes))
