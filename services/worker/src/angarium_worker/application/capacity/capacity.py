"""The capacity of one worker process, as its parts share it."""

from dataclasses import dataclass

from angarium_worker.domain.fair_turns import SlotShares

from .delivery_slots import DeliverySlots
from .wake_signal import WakeSignal
from .worker_counters import WorkerCounters


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much the worker may do at once, what it has done, and the signals that wake its loops:
    `retry_wake` for retries that come due, `lane_wake` for deliveries in lanes."""

    slots: DeliverySlots
    shares: SlotShares
    counters: WorkerCounters
    retry_wake: WakeSignal
    lane_wake: WakeSignal

    @classmethod
    def of(cls, *, sending_max: int, bytes_max: int) -> "Capacity":
        """Capacity for so many deliveries being sent and payload bytes in memory."""
        return cls(
            DeliverySlots(sending_max=sending_max, bytes_max=bytes_max),
            SlotShares(sending_max),
            WorkerCounters(),
            WakeSignal(),
            WakeSignal(),
        )

    def notify(self) -> None:
        """Wake both loops now."""
        self.retry_wake.notify(0)
        self.lane_wake.notify(0)
