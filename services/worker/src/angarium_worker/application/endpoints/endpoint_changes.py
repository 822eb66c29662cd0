"""Consequences of a change of endpoints: guards are reset and lanes get their turn."""

from collections.abc import Callable, Sequence
from typing import Protocol

from angarium_contracts.directory import EndpointState

from .endpoint_guards import EndpointGuards

type OnChange = Callable[[Sequence[EndpointState]], None]


class LaneWaker(Protocol):
    """Gives lanes their turns."""

    def wake(self, endpoint_ids: Sequence[bytes]) -> None:
        """Let the lanes of these endpoints have their turn now."""
        ...


class EndpointChanges:
    """Calls `listeners` with each change. An endpoint that was changed and is enabled is tried
    again at once: its guard is reset, because the change may have mended what was wrong."""

    def __init__(self, guards: EndpointGuards, lanes: LaneWaker, *listeners: OnChange) -> None:
        self._guards = guards
        self._lanes = lanes
        self._listeners = listeners

    def __call__(self, states: Sequence[EndpointState]) -> None:
        """Apply the endpoints' new states."""
        for listener in self._listeners:
            listener(states)
        enabled_ids = [state.id for state in states if not (state.disabled or state.deleted)]
        for endpoint_id in enabled_ids:
            self._guards.changed(endpoint_id)
        if enabled_ids:
            self._lanes.wake(enabled_ids)
