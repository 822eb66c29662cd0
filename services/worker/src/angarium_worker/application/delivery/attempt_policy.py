"""The time limit of an attempt and the schedule of its retries."""

from collections.abc import Sequence
from dataclasses import dataclass

from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.domain.retry_schedule import RetrySchedule


@dataclass(frozen=True, slots=True)
class AttemptPolicy:
    """The worker's own schedule and time limit, for endpoints and messages without their own.
    No attempt lasts longer than `timeout_s_max`, or it would outlast its lease."""

    schedule: RetrySchedule
    timeout_s: float
    timeout_s_max: float

    def timeout_of(self, endpoint: ResolvedEndpoint) -> float:
        """The most seconds that an attempt at the endpoint may last."""
        return min(endpoint.timeout_s or self.timeout_s, self.timeout_s_max)

    def schedule_of(
        self, endpoint: ResolvedEndpoint, of_message: Sequence[float] | None
    ) -> RetrySchedule:
        """The most specific schedule: the endpoint's, else the message's, else the worker's."""
        delays_s = endpoint.retry_delays_s
        if delays_s is None:
            if of_message is None:
                return self.schedule
            delays_s = tuple(of_message)
        return RetrySchedule(delays_s, self.schedule.jitter)
