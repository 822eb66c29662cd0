"""Directory of applications, read from the gateway's own copy so that it answers while the
dispatcher is down."""

from typing import Protocol

from angarium_chassis.lru_cache import LruCache
from angarium_contracts.application_kinds import ApplicationKind, application_id_of
from angarium_contracts.configuration import ApplicationSaved, GetApplication
from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.service_query import ServiceQuery

REMEMBERED_MAX = 50_000


class ApplicationCopy(Protocol):
    """The copy of the directory in the gateway's database, shared by its replicas."""

    async def find(
        self,
        tenant_id: bytes,
        application_id: bytes | None,
        uid: str,
        kind: str = ApplicationKind.APPLICATION,
    ) -> ApplicationState | None:
        """The application with this id (None: the reference is no id), whatever its kind, or the
        one of this kind with this uid, unless it is deleted."""

    async def learn(self, state: ApplicationState) -> None:
        """Store a state if it is newer than the stored one."""


class ApplicationDirectory:
    """Resolves references to applications: from memory, from the copy, or by a query to the
    dispatcher."""

    def __init__(
        self,
        copy: ApplicationCopy,
        ask_dispatcher: ServiceQuery,
        *,
        remembered_max: int = REMEMBERED_MAX,
    ) -> None:
        self._copy = copy
        self._ask_dispatcher = ask_dispatcher
        self._remembered: LruCache[tuple[bytes, str], ApplicationState] = LruCache(
            remembered_max, on_evict=self._evicted
        )
        self._references: dict[bytes, set[tuple[bytes, str]]] = {}
        self._changes = 0

    def remembered(self, tenant_id: bytes, ref: str) -> ApplicationState | None:
        """The application, if it is in memory."""
        return self._remembered.get((tenant_id, ref))

    async def find_stream(self, tenant_id: bytes, ref: str) -> ApplicationState | Problem:
        """The stream that `ref` (an id or a uid) names, or a `Problem`."""
        stream = ApplicationKind.STREAM
        known = self.remembered(tenant_id, f"{stream}/{ref}")
        if known is not None:
            return known
        changes = self._changes
        state = await self._copy.find(tenant_id, application_id_of(ref), ref, stream)
        if state is None:
            question = GetApplication(tenant_id=tenant_id, ref=ref, kind=stream)
            answer = await self._ask_dispatcher(question, ApplicationSaved)
            if isinstance(answer, Problem):
                return answer
            state = answer.state
            await self._copy.learn(state)
        if state.kind != stream:
            detail = "There is no such stream. Check its id or uid."
            return Problem(ProblemCode.NOT_FOUND, detail)
        if changes == self._changes:
            self._remember(tenant_id, f"{stream}/{ref}", state)
        return state

    async def find(self, tenant_id: bytes, ref: str) -> ApplicationState | Problem:
        """The application that `ref` names, or a `Problem`. An id names one of any kind, a uid an
        ordinary one."""
        state = self.remembered(tenant_id, ref)
        if state is not None:
            return state
        changes = self._changes
        state = await self._copy.find(tenant_id, application_id_of(ref), ref)
        if state is None:
            question = GetApplication(tenant_id=tenant_id, ref=ref, of_any_kind=True)
            match await self._ask_dispatcher(question, ApplicationSaved):
                case ApplicationSaved(state=state):
                    await self._copy.learn(state)
                case Problem(code=ProblemCode.NOT_FOUND):
                    return Problem(
                        code=ProblemCode.NOT_FOUND,
                        detail=f"There is no application `{ref}`. Create it first.",
                        field="app_id",
                    )
                case problem:
                    return problem
        # A change that arrived during the query may be newer than its answer: remembering that
        # would hide the change until the next one.
        if changes == self._changes:
            self._remember(tenant_id, ref, state)
        return state

    async def learn(self, state: ApplicationState) -> None:
        """Store the new state of an application before the client is answered, so that its next
        request sees the change."""
        await self._copy.learn(state)
        self.forget(state.id)

    def forget(self, application_id: bytes) -> None:
        """Drop an application that has changed from memory."""
        self._changes += 1
        for reference in self._references.pop(application_id, ()):
            self._remembered.pop(reference)

    def _remember(self, tenant_id: bytes, ref: str, state: ApplicationState) -> None:
        self._remembered.put((tenant_id, ref), state)
        self._references.setdefault(state.id, set()).add((tenant_id, ref))

    def _evicted(self, reference: tuple[bytes, str], state: ApplicationState) -> None:
        references = self._references[state.id]
        references.discard(reference)
        if not references:
            del self._references[state.id]
