"""Retry schedules of a tenant's messages: the tenant's own, and those of its event types."""

from collections.abc import Iterable

from .refusals import InvalidField

type DelaysS = tuple[float, ...]
"""Seconds before each retry; () for no retries."""

EVENT_TYPES_WITH_SCHEDULE_MAX = 500
"""Limit per tenant, because dispatchers hold all of them in memory."""


class Schedules:
    """The retry schedules of one tenant. Immutable, and compared by value."""

    __slots__ = ("_by_event_type", "_key", "default", "weight")

    def __init__(
        self, default: DelaysS | None = None, by_event_type: Iterable[tuple[str, DelaysS]] = ()
    ) -> None:
        self.default = default
        self._by_event_type = dict(by_event_type)
        self._key = (default, frozenset(self._by_event_type.items()))
        self.weight = 1 + len(default or ())
        """Weight in the cache: 1 for each event type and for each delay."""
        for delays_s in self._by_event_type.values():
            self.weight += 1 + len(delays_s)

    def of(self, event_type: str) -> DelaysS | None:
        """Schedule of messages of this type: the event type's, else the tenant's, else None."""
        return self._by_event_type.get(event_type, self.default)

    def __bool__(self) -> bool:
        return self.default is not None or bool(self._by_event_type)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedules) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


NO_SCHEDULES = Schedules()


def check_schedules_count(others: int) -> None:
    """Check that the tenant, `others` of whose event types have a schedule, may have one more.
    Raises `InvalidField`."""
    if others >= EVENT_TYPES_WITH_SCHEDULE_MAX:
        raise InvalidField(
            "retry_delays_s",
            f"{EVENT_TYPES_WITH_SCHEDULE_MAX} event types have a schedule of their own, the most"
            " there may be; set the schedule of all messages, or of endpoints, instead.",
        )
