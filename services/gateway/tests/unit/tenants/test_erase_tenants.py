"""Erasing deleted tenants: every step can be repeated, and nothing is told of others."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from angarium_contracts.configuration import (
    Application,
    ApplicationDeleted,
    Applications,
    DeleteApplication,
    DeleteEndpoint,
    DeleteEventType,
    EventType,
    EventTypes,
    ListApplications,
    ListEndpoints,
    ListEventTypes,
)
from angarium_contracts.contract import Contract
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import APPLICATION, parse_id
from angarium_contracts.queries import Done, Problem, ProblemCode
from angarium_contracts.tenant_policy import SetTenantPolicy, TenantPolicy
from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.configuration.change_configuration import ChangeConfiguration
from angarium_gateway.application.tenants.erase_tenants import EraseTenants, ErasureWaits

from ...fakes.directory_models import CopyModel

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TENANT = b"t" * 16
NOT_FOUND = Problem(code=ProblemCode.NOT_FOUND, detail="There is no such thing.")
AWAY = Problem(code=ProblemCode.UNAVAILABLE, detail="The dispatcher does not answer.")


@dataclass
class TenantsModel:
    """Implements `DeletedTenants`."""

    gone: list[bytes] = field(default_factory=list)

    async def to_erase(self, *, grace_s: int) -> Sequence[bytes]:
        return [] if TENANT in self.gone else [TENANT]

    async def erased(self, tenant_id: bytes) -> None:
        self.gone.append(tenant_id)


@dataclass
class DispatcherModel:
    """Applications and event types of one tenant.

    Fails after `answers_left`. With `another_deletes`, applications are gone when their deletion
    arrives.
    """

    applications: list[bytes]
    event_types: list[str]
    answers_left: int = 1_000
    another_deletes: bool = False
    asked: list[Contract] = field(default_factory=list)

    async def __call__[T: Contract](self, question: Contract, answer: type[T]) -> T | Problem:
        self.asked.append(question)
        if self.answers_left == 0:
            return AWAY
        self.answers_left -= 1
        given = self._answer(question)
        assert isinstance(given, answer | Problem)
        return given

    def _answer(self, question: Contract) -> Contract:
        match question:
            case ListEndpoints():
                return NOT_FOUND
            case ListApplications():
                return Applications(tuple(map(application, self.applications[:2])), done=False)
            case DeleteApplication(ref=ref):
                application_id = parse_id(APPLICATION, ref) or b""
                if application_id not in self.applications:
                    return NOT_FOUND
                self.applications.remove(application_id)
                if self.another_deletes:
                    return NOT_FOUND
                state = ApplicationState(application_id, TENANT, version=9, deleted=True)
                return ApplicationDeleted(state)
            case ListEventTypes():
                return EventTypes(tuple(map(event_type, self.event_types[:2])), done=False)
            case DeleteEventType(name=name, expunge=True):
                self.event_types.remove(name)
                return Done()
            case SetTenantPolicy(retry_delays_s=None):
                return TenantPolicy()
            case _:
                raise AssertionError(question)


def application(application_id: bytes) -> Application:
    return Application(application_id, None, "a", None, {}, NOW, NOW)


def event_type(name: str) -> EventType:
    return EventType(name, "", True, False, None, None, NOW, NOW)


@pytest.fixture
def dispatcher() -> DispatcherModel:
    return DispatcherModel([bytes([number]) * 16 for number in range(5)], ["a", "b", "c"])


@pytest.fixture
def tenants() -> TenantsModel:
    return TenantsModel()


@pytest.fixture
def erase(tenants: TenantsModel, dispatcher: DispatcherModel) -> EraseTenants:
    directory = ApplicationDirectory(CopyModel(), dispatcher)
    return EraseTenants(tenants, dispatcher, ChangeConfiguration(dispatcher, directory))


async def test_everything_of_the_tenant_is_deleted_page_by_page(
    erase: EraseTenants, dispatcher: DispatcherModel, tenants: TenantsModel
) -> None:
    await erase.erase(TENANT)

    assert (dispatcher.applications, dispatcher.event_types) == ([], [])
    assert tenants.gone == [TENANT]
    assert all(repr(TENANT) in repr(question) for question in dispatcher.asked)
    deleted = [type(question) for question in dispatcher.asked if "Delete" in str(type(question))]
    assert DeleteEndpoint not in deleted
    assert deleted.count(DeleteApplication) == 5


@pytest.mark.parametrize("answers", range(0, 18, 3))
async def test_an_erasure_that_broke_off_is_gone_on_with(
    erase: EraseTenants, dispatcher: DispatcherModel, tenants: TenantsModel, answers: int
) -> None:
    dispatcher.answers_left = answers
    with pytest.raises(ErasureWaits):
        await erase.erase(TENANT)
    assert tenants.gone == []

    dispatcher.answers_left = 1_000
    await erase.erase(TENANT)
    assert (dispatcher.applications, dispatcher.event_types) == ([], [])
    assert tenants.gone == [TENANT]


async def test_deleted_tenants_are_looked_for_again_and_again(
    dispatcher: DispatcherModel, tenants: TenantsModel
) -> None:
    directory = ApplicationDirectory(CopyModel(), dispatcher)
    change = ChangeConfiguration(dispatcher, directory)
    erase = EraseTenants(tenants, dispatcher, change, looks_every_s=0.0)
    dispatcher.answers_left = 3
    running = asyncio.create_task(erase.run())
    try:
        while dispatcher.answers_left:
            await asyncio.sleep(0)
        assert tenants.gone == []
        dispatcher.answers_left = 1_000
        while not tenants.gone:
            await asyncio.sleep(0)
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert tenants.gone == [TENANT]


async def test_what_another_gateway_deleted_meanwhile_is_no_failure(
    erase: EraseTenants, dispatcher: DispatcherModel, tenants: TenantsModel
) -> None:
    dispatcher.another_deletes = True
    await erase.erase(TENANT)
    assert tenants.gone == [TENANT]
