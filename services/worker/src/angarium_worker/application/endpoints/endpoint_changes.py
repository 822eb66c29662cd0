"""Consequences of a change of endpoints: guards are reset and lanes get their turn."""

from collections.abc import Callable, Sequence

from angarium_contracts.directory import EndpointState

from .endpoint_guards import EndpointGuards

type OnChange = Callable[[Sequence[EndpointState]], None]


class EndpointChanges:
    """Calls `listeners` with each change, then `wake_lanes` with the enabled endpoints. Their
    guards are reset, and they are tried again at once: the change may have mended what was wrong.
    """

    def __init__(
        self,
        guards: EndpointGuards,
        wake_lanes: Callable[[Sequence[bytes]], None],
        *listeners: OnChange,
    ) -> None:
        self._guards = guards
        self._wake_lanes = wake_lanes
        self._listeners = listeners

    def __call__(self, states: Sequence[EndpointState]) -> None:
        """Apply the endpoints' new states."""
        for listener in self._listeners:
            listener(states)
        enabled_ids = [state.id for state in states if not (state.disabled or state.deleted)]
        for endpoint_id in enabled_ids:
            self._guards.changed(endpoint_id)
        if enabled_ids:
            self._wake_lanes(enabled_ids)
