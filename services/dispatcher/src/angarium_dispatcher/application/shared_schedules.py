"""The retry schedules in memory, each once however many applications of a tenant have it."""

from dataclasses import dataclass

from angarium_dispatcher.domain.schedules import Schedules


@dataclass(slots=True)
class _Shared:
    schedules: Schedules
    users: int = 0


class SharedSchedules:
    """Counts who uses which; what nobody uses is not kept. `weight` is that of all kept."""

    def __init__(self) -> None:
        self._shared: dict[Schedules, _Shared] = {}
        self.weight = 0

    def take(self, schedules: Schedules) -> Schedules:
        """One more uses these. Gives the object that all of them use."""
        if not schedules:
            return schedules
        shared = self._shared.get(schedules)
        if shared is None:
            shared = self._shared[schedules] = _Shared(schedules)
            self.weight += schedules.weight
        shared.users += 1
        return shared.schedules

    def give_back(self, schedules: Schedules) -> None:
        """One less uses these."""
        if not schedules:
            return
        shared = self._shared[schedules]
        shared.users -= 1
        if not shared.users:
            del self._shared[schedules]
            self.weight -= schedules.weight
