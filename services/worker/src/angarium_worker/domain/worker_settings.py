"""The settings of a worker's policies. The environment's are read without what they configure."""

from dataclasses import dataclass

from .endpoint_health import DisableRule
from .retry_schedule import RetrySchedule

LEASE_MARGIN_S = 5.0
"""Seconds by which a lease outlasts an attempt: time to begin the attempt and to record it.
Without it a lease could end first, and another worker would send the same delivery again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """The settings that the composition needs, by the names that `Settings` gives them."""

    deliveries_in_flight_max: int
    payload_bytes_in_hand_max: int
    attempt_timeout_s: float
    schedule: RetrySchedule
    disable_rule: DisableRule
    chunk_linger_s: float
    retry_lease_s: float
    entry_lease_s: float
    lane_turn_s: float = 2.0
