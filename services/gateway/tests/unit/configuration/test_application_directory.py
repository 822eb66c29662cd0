"""Which application a reference names: from memory, the copy, then the dispatcher."""

import asyncio

import msgspec
import pytest
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import APPLICATION, format_id
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.unavailable import JournalUnavailable
from msgspec.structs import replace

from ...fakes.directory_models import CopyModel, DispatcherModel, a_state
from ...fakes.journal_model import TENANT

OTHER_TENANT = b"o" * 16


class Setting:
    def __init__(self, **bounds: int) -> None:
        self.copy = CopyModel()
        self.dispatcher = DispatcherModel()
        self.directory = ApplicationDirectory(self.copy, self.dispatcher, **bounds)

    async def find(self, ref: str) -> ApplicationState | Problem:
        return await self.directory.find(TENANT, ref)


@pytest.fixture
async def setting() -> Setting:
    return Setting()


async def test_an_application_of_the_copy_is_found_by_uid_and_by_id(setting: Setting) -> None:
    state = setting.copy.put(a_state("acme"))
    assert await setting.find("acme") == state
    assert await setting.find(format_id(APPLICATION, state.id)) == state
    assert setting.dispatcher.questions == []


async def test_what_was_found_is_remembered(setting: Setting) -> None:
    state = setting.copy.put(a_state("acme"))
    assert setting.directory.remembered(TENANT, "acme") is None
    await setting.find("acme")
    await setting.find("acme")
    assert setting.copy.finds == 1
    assert setting.directory.remembered(TENANT, "acme") == state


async def test_another_tenant_does_not_find_it(setting: Setting) -> None:
    setting.copy.put(a_state("acme"))
    await setting.find("acme")
    assert setting.directory.remembered(OTHER_TENANT, "acme") is None
    found = await setting.directory.find(OTHER_TENANT, "acme")
    assert isinstance(found, Problem)


async def test_what_the_copy_does_not_know_the_dispatcher_is_asked_and_the_copy_learns(
    setting: Setting,
) -> None:
    state = a_state("acme")
    setting.dispatcher.states.append(state)
    assert await setting.find("acme") == state
    assert setting.copy.states == {state.id: state}
    assert setting.directory.remembered(TENANT, "acme") == state


async def test_what_nobody_knows_is_not_found_and_not_remembered(setting: Setting) -> None:
    missing = await setting.find("acme")
    assert isinstance(missing, Problem)
    assert (missing.code, missing.field) == (ProblemCode.NOT_FOUND, "app_id")
    assert "acme" in missing.detail
    setting.dispatcher.states.append(a_state("acme"))
    assert not isinstance(await setting.find("acme"), Problem)


async def test_a_dispatcher_that_does_not_answer_is_said_so(setting: Setting) -> None:
    setting.dispatcher.problem = Problem(code=ProblemCode.UNAVAILABLE, detail="away")
    assert await setting.find("acme") == setting.dispatcher.problem


async def test_known_applications_are_found_without_the_dispatcher(setting: Setting) -> None:
    state = setting.copy.put(a_state("acme"))
    setting.dispatcher.problem = Problem(code=ProblemCode.UNAVAILABLE, detail="away")
    assert await setting.find("acme") == state


async def test_a_database_that_is_away_is_told_apart_from_no_application(setting: Setting) -> None:
    setting.copy.down = True
    with pytest.raises(JournalUnavailable):
        await setting.find("acme")


async def test_a_forgotten_application_is_looked_up_again_under_all_its_names(
    setting: Setting,
) -> None:
    state = setting.copy.put(a_state("acme"))
    await setting.find("acme")
    await setting.find(format_id(APPLICATION, state.id))
    setting.directory.forget(state.id)
    assert setting.directory.remembered(TENANT, "acme") is None
    assert setting.directory.remembered(TENANT, format_id(APPLICATION, state.id)) is None


async def test_a_change_by_a_client_is_seen_by_its_next_request(setting: Setting) -> None:
    state = setting.copy.put(a_state("acme"))
    await setting.find("acme")
    await setting.directory.learn(msgspec.structs.replace(state, uid="renamed", version=2))
    assert isinstance(await setting.find("acme"), Problem)
    found = await setting.find("renamed")
    assert isinstance(found, ApplicationState)
    assert found.version == 2


async def test_a_change_during_a_look_up_is_not_remembered_stale(setting: Setting) -> None:
    state = setting.copy.put(a_state("acme"))
    setting.copy.answering.clear()
    finding = asyncio.ensure_future(setting.find("acme"))
    await asyncio.sleep(0)
    await setting.directory.learn(msgspec.structs.replace(state, deleted=True, version=2))
    setting.copy.answering.set()
    await finding
    assert setting.directory.remembered(TENANT, "acme") is None
    assert isinstance(await setting.find("acme"), Problem)


async def test_memory_is_bounded() -> None:
    setting = Setting(remembered_max=3)
    states = [setting.copy.put(a_state(f"app-{number}")) for number in range(10)]
    for state in states:
        await setting.find(state.uid or "")
        await setting.find(format_id(APPLICATION, state.id))
    known = [s for s in states if setting.directory.remembered(TENANT, s.uid or "") is not None]
    assert len(known) <= 3
    assert len(setting.directory._references) <= 3
    for state in states:
        setting.directory.forget(state.id)
    assert not setting.directory._remembered
    assert not setting.directory._references


async def test_a_stream_is_found_by_id_or_uid_and_nothing_else_is() -> None:
    copy, dispatcher = CopyModel(), DispatcherModel()
    stream = copy.put(replace(a_state("orders"), kind="stream"))
    ordinary = copy.put(a_state("acme"))
    directory = ApplicationDirectory(copy, dispatcher)
    for ref in ("orders", format_id("strm", stream.id), format_id("app", stream.id)):
        assert await directory.find_stream(TENANT, ref) == stream
        finds = copy.finds
        assert await directory.find_stream(TENANT, ref) == stream
        assert copy.finds == finds
    for ref in ("acme", format_id("app", ordinary.id)):
        absent = await directory.find_stream(TENANT, ref)
        assert isinstance(absent, Problem)
        assert absent.code is ProblemCode.NOT_FOUND
    assert isinstance(await directory.find(TENANT, "orders"), Problem)
    await directory.learn(replace(stream, deleted=True))
    assert isinstance(await directory.find_stream(TENANT, "orders"), Problem)
