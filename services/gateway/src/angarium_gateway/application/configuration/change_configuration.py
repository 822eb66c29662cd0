"""Change applications and endpoints, so that the client's next request sees the change."""

from angarium_contracts.configuration import (
    ApplicationDeleted,
    ApplicationSaved,
    EndpointDeleted,
    EndpointSaved,
)
from angarium_contracts.contract import Contract
from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Problem

from angarium_gateway.application.service_query import ServiceQuery

from .application_directory import ApplicationDirectory

type Changed = ApplicationSaved | ApplicationDeleted | EndpointSaved | EndpointDeleted


class ChangeConfiguration:
    """Sends a command to the dispatcher and stores the resulting application state in the copy."""

    def __init__(self, ask: ServiceQuery, directory: ApplicationDirectory) -> None:
        self._ask = ask
        self._directory = directory

    async def __call__[T: (ApplicationSaved, ApplicationDeleted, EndpointSaved, EndpointDeleted)](
        self, command: Contract, answer: type[T]
    ) -> T | Problem:
        """Carry out `command`. The gateway's copy holds the change when this returns."""
        changed = await self._ask(command, answer)
        if not isinstance(changed, Problem):
            await self._directory.learn(_state(changed))
        return changed


def _state(changed: Changed) -> ApplicationState:
    match changed:
        case ApplicationSaved(state=state) | ApplicationDeleted(state=state):
            return state
        case EndpointSaved(application=state) | EndpointDeleted(application=state):
            return state
