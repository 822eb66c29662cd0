"""How much this process may have in hand at once."""

import asyncio
from collections import deque
from typing import Protocol

RETRY_SHARE = 0.5
"""Retries, and what comes out of lanes, use at most this share of the sending slots: first
attempts keep room."""
IN_HAND_FACTOR = 10
"""Deliveries whose outcome is not yet settled, in multiples of those that may be sending."""
SLOW_FACTOR = 4
"""Attempts that last long, in multiples of those that may be sending."""


class SlotWaiter(Protocol):
    """Something that may be sent once there is a slot."""

    @property
    def waiting(self) -> bool:
        """False once it was given up."""
        ...

    def try_again(self) -> None:
        """There is a slot: take it, or not."""
        ...


class DeliverySlots:
    """Counts deliveries being sent, deliveries in hand and their payload bytes.

    A delivery is in hand until its chunk is settled, or, on its own, until it is recorded. An
    attempt that lasts long gives its sending slot to others and is counted as slow, as long as
    there is room for that too: endpoints that hang do not take the place of others.
    """

    def __init__(self, *, sending_max: int, bytes_max: int) -> None:
        self.sending_max = sending_max
        self.slow_max = sending_max * SLOW_FACTOR
        self.retries_max = max(1, int(sending_max * RETRY_SHARE))
        self.in_hand_max = sending_max * IN_HAND_FACTOR
        self.bytes_max = bytes_max
        self.sending = 0
        self.slow = 0
        self.retries = 0
        self.waiting = 0
        self.in_hand = 0
        self.bytes_in_hand = 0
        self._changed: list[asyncio.Future[None]] = []
        self._for_slot: deque[SlotWaiter] = deque()

    def fits(self, deliveries: int, payload_bytes: int) -> bool:
        """Whether so much more may be taken in hand; a single chunk always fits alone. While
        something waits for a slot, nothing more is: no longer than a chunk is open."""
        return (
            self.waiting < self.sending_max
            and not any(waiter.waiting for waiter in self._for_slot)
            and (self.in_hand == 0 or self.in_hand + deliveries <= self.in_hand_max)
            and (self.bytes_in_hand == 0 or self.bytes_in_hand + payload_bytes <= self.bytes_max)
        )

    def has_slot(self) -> bool:
        """Whether one more may be sent now."""
        return self.sending < self.sending_max

    def free_for_retries(self) -> int:
        """How many retries may start now."""
        if self.bytes_in_hand >= self.bytes_max or self.in_hand >= self.in_hand_max:
            return 0
        return max(0, min(self.sending_max - self.sending, self.retries_max - self.retries))

    def take(self, deliveries: int, payload_bytes: int) -> None:
        """Take in hand."""
        self.in_hand += deliveries
        self.bytes_in_hand += payload_bytes

    def give_back(self, deliveries: int, payload_bytes: int) -> None:
        """Out of hand: settled, recorded, or left to others."""
        self.in_hand -= deliveries
        self.bytes_in_hand -= payload_bytes
        if self._changed:
            self.wake()

    def start(self, deliveries: int) -> None:
        """Reserve sending slots; `sent` gives back one each."""
        self.sending += deliveries

    def sent(self, *, slow: bool = False) -> None:
        """One delivery is not, or no longer, being sent."""
        if slow:
            self.slow -= 1
            return
        self.sending -= 1
        if self._for_slot:
            self._offer_slots()
        if self._changed:
            self.wake()

    def slow_down(self) -> bool:
        """An attempt lasts long: whether it could be moved out of its sending slot."""
        if self.slow >= self.slow_max:
            return False
        self.slow += 1
        self.sent()
        return True

    def crowded(self) -> bool:
        """Whether many wait in memory already."""
        return self.waiting * 2 >= self.sending_max

    def wait_for_slot(self, waiter: SlotWaiter, *, first: bool) -> None:
        """Let it try again, in turn or as the `first`, once a sending slot is given back."""
        if len(self._for_slot) >= 2 * self.sending_max:
            self._for_slot = deque([each for each in self._for_slot if each.waiting])
        if first:
            self._for_slot.appendleft(waiter)
        else:
            self._for_slot.append(waiter)

    def _offer_slots(self) -> None:
        for _ in range(len(self._for_slot)):
            if not self.has_slot():
                return
            waiter = self._for_slot.popleft()
            if waiter.waiting:
                waiter.try_again()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        waiting, self._changed = self._changed, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def changed(self) -> None:
        """Wait until something was given back."""
        future = asyncio.get_running_loop().create_future()
        self._changed.append(future)
        await future
