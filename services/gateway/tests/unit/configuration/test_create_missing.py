"""An application that a message brings along is created under the name in the path."""

from angarium_contracts.configuration import CreateApplication
from angarium_contracts.contract import Contract
from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.adapters.http.schemas.applications import ApplicationIn
from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.configuration.change_configuration import ChangeConfiguration
from angarium_gateway.application.configuration.create_missing import CreateMissing

from ...fakes.directory_models import (
    CopyModel,
    DispatcherModel,
    a_state,
    saved,
)
from ...fakes.journal_model import TENANT


class CreatingDispatcher:
    """Answers commands with an application of that uid, or with a problem."""

    def __init__(self) -> None:
        self.commands: list[CreateApplication] = []
        self.problem: Problem | None = None

    async def __call__[T: Contract](self, question: Contract, answer: type[T]) -> T | Problem:
        assert isinstance(question, CreateApplication)
        self.commands.append(question)
        if self.problem is not None:
            return self.problem
        result = saved(a_state(question.uid))
        assert isinstance(result, answer)
        return result


def creating() -> tuple[CreateMissing, CreatingDispatcher, CopyModel]:
    dispatcher, copy = CreatingDispatcher(), CopyModel()
    directory = ApplicationDirectory(copy, DispatcherModel())
    return CreateMissing(ChangeConfiguration(dispatcher, directory)), dispatcher, copy


async def test_it_gets_the_uid_of_the_path_and_is_known_at_once() -> None:
    create, dispatcher, copy = creating()
    brought = ApplicationIn(name="Acme", throttle_rate=5, metadata={"a": "b"})
    state = await create(TENANT, "acme", brought, applications_max=9)
    assert isinstance(state, ApplicationState)
    assert copy.states == {state.id: state}
    assert dispatcher.commands == [
        CreateApplication(
            TENANT, "Acme", "acme", 5, {"a": "b"}, get_if_exists=True, applications_max=9
        )
    ]


async def test_its_own_uid_may_repeat_that_of_the_path() -> None:
    create, dispatcher, _ = creating()
    state = await create(TENANT, "acme", ApplicationIn(name="Acme", uid="acme"))
    assert isinstance(state, ApplicationState)
    assert [command.uid for command in dispatcher.commands] == ["acme"]


async def test_a_uid_that_contradicts_the_path_is_refused_and_creates_nothing() -> None:
    create, dispatcher, _ = creating()
    problem = await create(TENANT, "acme", ApplicationIn(name="Acme", uid="other"))
    assert isinstance(problem, Problem)
    assert (problem.code, problem.field) == (ProblemCode.INVALID, "application.uid")
    assert dispatcher.commands == []


async def test_a_refusal_of_the_dispatcher_is_passed_on() -> None:
    create, dispatcher, copy = creating()
    dispatcher.problem = Problem(code=ProblemCode.UNAVAILABLE, detail="away")
    assert await create(TENANT, "acme", ApplicationIn(name="Acme")) == dispatcher.problem
    assert copy.states == {}
