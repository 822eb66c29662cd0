"""Models of where applications are known: the copy, and the dispatcher."""

import asyncio
from datetime import UTC, datetime
from typing import cast

from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import Application, ApplicationSaved, GetApplication
from angarium_contracts.contract import Contract
from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.unavailable import JournalUnavailable

from .journal_model import TENANT, new_id


def a_state(uid: str | None = None, *, version: int = 1) -> ApplicationState:
    return ApplicationState(id=new_id(), tenant_id=TENANT, version=version, uid=uid)


def saved(state: ApplicationState) -> ApplicationSaved:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    application = Application(state.id, state.uid, "An application", None, {}, at, at)
    return ApplicationSaved(application, state)


class CopyModel:
    """The port `ApplicationCopy` in memory."""

    def __init__(self) -> None:
        self.states: dict[bytes, ApplicationState] = {}
        self.finds = 0
        self.down = False
        self.answering = asyncio.Event()
        self.answering.set()

    def put(self, state: ApplicationState) -> ApplicationState:
        self.states[state.id] = state
        return state

    async def find(
        self,
        tenant_id: bytes,
        application_id: bytes | None,
        uid: str,
        kind: str = ApplicationKind.APPLICATION,
    ) -> ApplicationState | None:
        self.finds += 1
        if self.down:
            raise JournalUnavailable("away")
        found = next(
            (
                state
                for state in self.states.values()
                if state.tenant_id == tenant_id
                and not state.deleted
                and ((state.uid, state.kind) == (uid, kind) or state.id == application_id)
            ),
            None,
        )
        await self.answering.wait()
        return found

    async def learn(self, state: ApplicationState) -> None:
        self.put(state)


class DispatcherModel:
    """The port `ServiceQuery` for the dispatcher: knows some applications, or has a problem."""

    def __init__(self) -> None:
        self.states: list[ApplicationState] = []
        self.problem: Problem | None = None
        self.questions: list[Contract] = []

    async def __call__[T: Contract](self, question: Contract, answer: type[T]) -> T | Problem:
        self.questions.append(question)
        await asyncio.sleep(0)
        if self.problem is not None:
            return self.problem
        assert isinstance(question, GetApplication)
        assert answer is ApplicationSaved
        for state in self.states:
            if state.tenant_id == question.tenant_id and state.uid == question.ref:
                return cast("T", saved(state))
        return Problem(code=ProblemCode.NOT_FOUND, detail="no such application")
