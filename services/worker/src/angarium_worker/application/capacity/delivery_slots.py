"""Bounds on the deliveries that one process holds and sends, with a token for each use."""

from collections import deque
from enum import Enum, auto
from typing import NamedTuple, Protocol

from angarium_chassis.waiting import Waiters

RETRY_SHARE = 0.5
"""Retries, and what comes out of lanes, use at most this share of the sending slots: the rest is
left to first attempts."""
IN_HAND_FACTOR = 10
"""Deliveries whose outcome is not yet settled, in multiples of those that may be sending."""
SLOW_FACTOR = 4
"""Attempts that last long, in multiples of those that may be sending."""


class ReleasedTwice(RuntimeError):
    """A token was given back that was given back before: some count would have been wrong."""


class SlotUse(Enum):
    """How an attempt uses its sending slot."""

    FIRST = auto()
    RETRY = auto()
    SLOW = auto()
    """It lasts long, and has left the slot to others."""
    ENDED = auto()


_FIRST, _RETRY, _SLOW, _ENDED = SlotUse


class SendingSlot:
    """A sending slot in use. Only `DeliverySlots` changes it."""

    __slots__ = ("use",)

    def __init__(self, use: SlotUse) -> None:
        self.use = use


class Reservation:
    """Deliveries in hand, or `waiting` in memory. Only `DeliverySlots` changes it."""

    __slots__ = ("deliveries", "payload_bytes", "released", "waiting")

    def __init__(self, deliveries: int, payload_bytes: int, *, waiting: int = 0) -> None:
        self.deliveries = deliveries
        self.payload_bytes = payload_bytes
        self.waiting = waiting
        self.released = False


class SlotWaiter(Protocol):
    """Something that may be sent once there is a slot."""

    @property
    def waiting(self) -> bool:
        """False once it was given up."""
        ...

    def try_again(self) -> None:
        """There is a slot: take it, or not."""
        ...


class Usage(NamedTuple):
    """The capacity in use. All zero when the process has nothing to do; else a token was lost."""

    sending: int = 0
    slow: int = 0
    retries: int = 0
    waiting: int = 0
    in_hand: int = 0
    bytes_in_hand: int = 0


class DeliverySlots:
    """Counts deliveries being sent, deliveries in hand and their payload bytes.

    Every count goes by tokens, each given back once: `reserve` and `release` for deliveries in
    hand, `wait` and `release` for what waits in memory, `start` and `sent` for sending slots.

    A delivery is in hand until its chunk is settled, or, on its own, until it is recorded. An
    attempt that lasts long gives its sending slot to others and is counted as slow, up to
    `slow_max` of them: endpoints that hang do not take the place of others.
    """

    def __init__(self, *, sending_max: int, bytes_max: int) -> None:
        self.sending_max = sending_max
        self.slow_max = sending_max * SLOW_FACTOR
        self.retries_max = max(1, int(sending_max * RETRY_SHARE))
        self.in_hand_max = sending_max * IN_HAND_FACTOR
        self.bytes_max = bytes_max
        self._sending = 0
        self._slow = 0
        self._retries = 0
        self._waiting = 0
        self._in_hand = 0
        self._bytes_in_hand = 0
        self._changed = Waiters()
        self._for_slot: deque[SlotWaiter] = deque()

    def usage(self) -> Usage:
        """All counts, as of now."""
        return Usage(
            self._sending,
            self._slow,
            self._retries,
            self._waiting,
            self._in_hand,
            self._bytes_in_hand,
        )

    @property
    def in_hand(self) -> int:
        """How many deliveries are in hand."""
        return self._in_hand

    @property
    def half_in_hand(self) -> bool:
        """True if half of what may be in hand is."""
        return 2 * self._in_hand >= self.in_hand_max or 2 * self._bytes_in_hand >= self.bytes_max

    def fits(self, deliveries: int, payload_bytes: int) -> bool:
        """True if so much more may be reserved; a single chunk always fits alone. Nothing fits
        while something waits for a slot, which is no longer than a chunk is open."""
        return (
            self._waiting < self.sending_max
            and not any(waiter.waiting for waiter in self._for_slot)
            and (self._in_hand == 0 or self._in_hand + deliveries <= self.in_hand_max)
            and (self._bytes_in_hand == 0 or self._bytes_in_hand + payload_bytes <= self.bytes_max)
        )

    def has_slot(self) -> bool:
        """True if one more may be sent now."""
        return self._sending < self.sending_max

    def free_for_retries(self) -> int:
        """How many retries may start now."""
        if self._bytes_in_hand >= self.bytes_max or self._in_hand >= self.in_hand_max:
            return 0
        return max(0, min(self.sending_max - self._sending, self.retries_max - self._retries))

    def crowded(self) -> bool:
        """True while many deliveries wait in memory."""
        return self._waiting * 2 >= self.sending_max

    def reserve(self, deliveries: int, payload_bytes: int) -> Reservation:
        """Take deliveries in hand."""
        self._in_hand += deliveries
        self._bytes_in_hand += payload_bytes
        return Reservation(deliveries, payload_bytes)

    def wait(self) -> Reservation:
        """Count one more that waits in memory."""
        self._waiting += 1
        return Reservation(0, 0, waiting=1)

    def release(self, reservation: Reservation) -> None:
        """Return a reservation: its deliveries are settled, recorded, or released to others, or
        wait no longer. Raises `ReleasedTwice`."""
        if reservation.released:
            raise ReleasedTwice
        reservation.released = True
        self._waiting -= reservation.waiting
        self._in_hand -= reservation.deliveries
        self._bytes_in_hand -= reservation.payload_bytes
        if self._changed.waiting and reservation.deliveries:
            self._changed.wake()

    def start(self, *, retry: bool = False) -> SendingSlot:
        """Take a sending slot; `retry`: of those that retries may use."""
        self._sending += 1
        if retry:
            self._retries += 1
        return SendingSlot(_RETRY if retry else _FIRST)

    def sent(self, slot: SendingSlot) -> None:
        """The delivery is not, or no longer, being sent. Raises `ReleasedTwice`."""
        use = slot.use
        slot.use = _ENDED
        if use is _ENDED:
            raise ReleasedTwice
        if use is _SLOW:
            self._slow -= 1
        else:
            self._leave(use)

    def slow_down(self, slot: SendingSlot) -> None:
        """The attempt lasts long: leave its slot to others, unless too many are slow already."""
        use = slot.use
        if use is _ENDED:
            raise ReleasedTwice
        if use is not _SLOW and self._slow < self.slow_max:
            self._slow += 1
            slot.use = _SLOW
            self._leave(use)

    def wait_for_slot(self, waiter: SlotWaiter, *, first: bool) -> None:
        """Let it try again, in turn or as the `first`, once a sending slot is released."""
        if len(self._for_slot) >= 2 * self.sending_max:
            self._for_slot = deque([each for each in self._for_slot if each.waiting])
        if first:
            self._for_slot.appendleft(waiter)
        else:
            self._for_slot.append(waiter)

    def wake(self) -> None:
        """Wake every caller of `changed`."""
        self._changed.wake()

    async def changed(self) -> None:
        """Wait until something was released."""
        await self._changed.wait()

    def _leave(self, use: SlotUse) -> None:
        self._sending -= 1
        if use is _RETRY:
            self._retries -= 1
        if self._for_slot:
            self._offer_slots()
        if self._changed.waiting:
            self._changed.wake()

    def _offer_slots(self) -> None:
        for _ in range(len(self._for_slot)):
            if not self.has_slot():
                return
            waiter = self._for_slot.popleft()
            if waiter.waiting:
                waiter.try_again()
