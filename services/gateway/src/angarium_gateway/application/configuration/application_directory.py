"""Which applications exist, from the gateway's own copy: it answers with the dispatcher down."""

from collections import OrderedDict
from typing import Protocol

from angarium_contracts.configuration import ApplicationSaved, GetApplication
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import APPLICATION, parse_id
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.service_query import ServiceQuery

REMEMBERED_MAX = 50_000


class ApplicationCopy(Protocol):
    """The copy in the gateway's database, shared by its replicas."""

    async def find(
        self, tenant_id: bytes, application_id: bytes | None, uid: str
    ) -> ApplicationState | None:
        """The living application with this id (when the reference is one) or this uid."""

    async def learn(self, state: ApplicationState) -> None:
        """Take over a state that is newer than the one held."""


class ApplicationDirectory:
    """Resolves references. What memory and the copy do not know, the dispatcher is asked."""

    def __init__(self, copy: ApplicationCopy, ask_dispatcher: ServiceQuery) -> None:
        self._copy = copy
        self._ask_dispatcher = ask_dispatcher
        self._remembered: OrderedDict[tuple[bytes, str], ApplicationState] = OrderedDict()
        self._references: dict[bytes, set[tuple[bytes, str]]] = {}
        self._changes = 0

    def remembered(self, tenant_id: bytes, ref: str) -> ApplicationState | None:
        """The application, when memory has it."""
        return self._remembered.get((tenant_id, ref))

    async def find(self, tenant_id: bytes, ref: str) -> ApplicationState | Problem:
        """The application that `ref` (an id or a uid) names, or a `Problem`."""
        state = self.remembered(tenant_id, ref)
        if state is not None:
            return state
        changes = self._changes
        state = await self._copy.find(tenant_id, parse_id(APPLICATION, ref), ref)
        if state is None:
            question = GetApplication(tenant_id=tenant_id, ref=ref)
            match await self._ask_dispatcher(question, ApplicationSaved):
                case ApplicationSaved(state=state):
                    await self._copy.learn(state)
                case Problem(code=ProblemCode.NOT_FOUND):
                    return Problem(
                        code=ProblemCode.NOT_FOUND,
                        detail=f"there is no application {ref}; create it first",
                        field="app_id",
                    )
                case problem:
                    return problem
        if changes == self._changes:
            self._remember(tenant_id, ref, state)
        return state

    async def learn(self, state: ApplicationState) -> None:
        """Take over what a change made of an application, before the client is answered."""
        await self._copy.learn(state)
        self.forget(state.id)

    def forget(self, application_id: bytes) -> None:
        """Drop an application from memory: it has changed."""
        self._changes += 1
        for reference in self._references.pop(application_id, ()):
            self._remembered.pop(reference, None)

    def _remember(self, tenant_id: bytes, ref: str, state: ApplicationState) -> None:
        self._remembered[tenant_id, ref] = state
        self._references.setdefault(state.id, set()).add((tenant_id, ref))
        if len(self._remembered) > REMEMBERED_MAX:
            reference, oldest = self._remembered.popitem(last=False)
            references = self._references[oldest.id]
            references.discard(reference)
            if not references:
                del self._references[oldest.id]
