"""Counts of accepted messages, which the metrics are read from."""

from angarium_chassis.metrics.histogram import Histogram


class AcceptCounters:
    """Counts since the process began: messages committed to go out at once and `scheduled` ones,
    requests answered again because of their idempotency key, and how long `POST …/msg` took."""

    def __init__(self) -> None:
        self.immediate = 0
        self.scheduled = 0
        self.replayed = 0
        self.latencies_s = Histogram()
