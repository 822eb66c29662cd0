"""How much this process may have in hand at once."""

import asyncio

RETRY_SHARE = 0.5
"""Retries use at most this share of the sending slots: first attempts keep room."""
IN_HAND_FACTOR = 10
"""Deliveries whose outcome is not yet settled, in multiples of those that may be sending."""


class Room:
    """Counts deliveries being sent, deliveries in hand and their payload bytes.

    A delivery is in hand until its chunk is settled, or, on its own, until it is recorded.
    """

    def __init__(self, *, sending_max: int, bytes_max: int) -> None:
        self.sending_max = sending_max
        self.retries_max = max(1, int(sending_max * RETRY_SHARE))
        self.in_hand_max = sending_max * IN_HAND_FACTOR
        self.bytes_max = bytes_max
        self.sending = 0
        self.retries = 0
        self.in_hand = 0
        self.bytes_in_hand = 0
        self._waiting: list[asyncio.Future[None]] = []

    def fits(self, deliveries: int, payload_bytes: int) -> bool:
        """Whether so much more may be taken in hand; a single chunk always fits alone."""
        return (
            (self.sending == 0 or self.sending + deliveries <= self.sending_max)
            and (self.in_hand == 0 or self.in_hand + deliveries <= self.in_hand_max)
            and (self.bytes_in_hand == 0 or self.bytes_in_hand + payload_bytes <= self.bytes_max)
        )

    def free_for_retries(self) -> int:
        """How many retries may start now."""
        if self.bytes_in_hand >= self.bytes_max or self.in_hand >= self.in_hand_max:
            return 0
        return max(0, min(self.sending_max - self.sending, self.retries_max - self.retries))

    def start(self, deliveries: int) -> None:
        """Reserve sending slots; `sent` gives back one each."""
        self.sending += deliveries

    def take(self, deliveries: int, payload_bytes: int) -> None:
        """Take in hand."""
        self.in_hand += deliveries
        self.bytes_in_hand += payload_bytes

    def give_back(self, deliveries: int, payload_bytes: int) -> None:
        """Out of hand: settled, recorded, or left to others."""
        self.in_hand -= deliveries
        self.bytes_in_hand -= payload_bytes
        if self._waiting:
            self.wake()

    def sent(self) -> None:
        """One delivery is not, or no longer, being sent."""
        self.sending -= 1
        if self._waiting:
            self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def changed(self) -> None:
        """Wait until something was given back."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future
