"""Reference-counted retry schedules: one object however many applications use it."""

from dataclasses import dataclass

from angarium_dispatcher.domain.schedules import Schedules


@dataclass(slots=True)
class _Shared:
    schedules: Schedules
    users: int = 0


class SharedSchedules:
    """Holds each schedule while it has users. `weight` is the sum over all held."""

    def __init__(self) -> None:
        self._shared: dict[Schedules, _Shared] = {}
        self.weight = 0

    def acquire(self, schedules: Schedules) -> Schedules:
        """Count one more user. Returns the object that all users share."""
        if not schedules:
            return schedules
        shared = self._shared.get(schedules)
        if shared is None:
            shared = self._shared[schedules] = _Shared(schedules)
            self.weight += schedules.weight
        shared.users += 1
        return shared.schedules

    def release(self, schedules: Schedules) -> None:
        """Count one user less; the schedule is dropped with its last user."""
        if not schedules:
            return
        shared = self._shared[schedules]
        shared.users -= 1
        if not shared.users:
            del self._shared[schedules]
            self.weight -= schedules.weight
