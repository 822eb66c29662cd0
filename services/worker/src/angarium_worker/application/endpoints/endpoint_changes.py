"""What follows from a change of endpoints, besides the change itself."""

from collections.abc import Callable, Sequence
from typing import Protocol

from angarium_contracts.directory import EndpointState

from .endpoint_guards import EndpointGuards

type Told = Callable[[Sequence[EndpointState]], None]


class LaneWaker(Protocol):
    """Who gives lanes their turns."""

    def wake(self, endpoint_ids: Sequence[bytes]) -> None:
        """Let the lanes of these endpoints have their turn now."""
        ...


class EndpointChanges:
    """Passes changes on to `told`; an endpoint that was changed and is open is tried again at
    once, whatever was known against it."""

    def __init__(self, gates: EndpointGuards, lanes: LaneWaker, *told: Told) -> None:
        self._gates = gates
        self._lanes = lanes
        self._told = told

    def __call__(self, states: Sequence[EndpointState]) -> None:
        """These are the endpoints' new states."""
        for told in self._told:
            told(states)
        open_ids = [state.id for state in states if not (state.disabled or state.deleted)]
        for endpoint_id in open_ids:
            self._gates.changed(endpoint_id)
        if open_ids:
            self._lanes.wake(open_ids)
