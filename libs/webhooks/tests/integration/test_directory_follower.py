import asyncio
import time
from collections.abc import Sequence

import pytest
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.query_server import QueryServer
from angarium_chassis.streams.writer import Publication
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.directory import (
    ApplicationState,
    DirectoryChanged,
    DirectoryPage,
    DirectorySince,
    EndpointState,
)
from angarium_contracts.stream_names import DIRECTORY_CHANGED, DISPATCHER_QUERIES
from angarium_webhooks import directory_follower
from angarium_webhooks.directory_follower import DirectoryFollower
from redis.asyncio import Redis

from ....chassis.tests.process_double import NewProcess, ProcessDouble


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_follower, "RESYNC_RETRY_S", 0.1)


def clock_ms() -> int:
    return time.time_ns() // 1_000_000


def application(version: int) -> ApplicationState:
    return ApplicationState(id=bytes([version] * 16), tenant_id=bytes(16), version=version)


def endpoint(version: int) -> EndpointState:
    return EndpointState(
        id=bytes([version] * 16), tenant_id=bytes(16), application_id=bytes(16), version=version
    )


class Copy:
    """A copy in memory that can be waited for, and can fail."""

    def __init__(self, version: int = 0) -> None:
        self.complete_to = version
        self.applications: list[int] = []
        self.endpoints: list[int] = []
        self.failures = 0
        self.changed = asyncio.Condition()

    async def version(self) -> int:
        return self.complete_to

    async def apply(
        self,
        version: int,
        applications: Sequence[ApplicationState],
        endpoints: Sequence[EndpointState],
    ) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        async with self.changed:
            self.applications += [state.version for state in applications]
            self.endpoints += [state.version for state in endpoints]
            self.complete_to = max(self.complete_to, version)
            self.changed.notify_all()

    async def reaches(self, version: int) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: self.complete_to >= version)


class Directory:
    """The dispatcher's side: one change a version, answered two at a time."""

    def __init__(self, process: ProcessDouble) -> None:
        self.process = process
        self.version = 0
        self.asked: list[int] = []
        self.server = QueryServer(
            process.broker,
            stream=DISPATCHER_QUERIES,
            group="dispatchers",
            consumer="dispatcher",
            questions=Reader(DirectorySince),
            answer=self.answer,
            quarantine=Quarantine(process.broker, "test"),
            clock_ms=clock_ms,
            clock_s=time.monotonic,
        )

    async def answer(self, asked: DirectorySince) -> Contract:
        self.asked.append(asked.version)
        last = min(asked.version + 2, self.version)
        versions = range(asked.version + 1, last + 1)
        return DirectoryPage(
            version=last,
            done=last == self.version,
            applications=tuple(application(version) for version in versions),
            endpoints=tuple(endpoint(version) for version in versions),
        )

    async def change(self, *, announce: bool = True) -> None:
        self.version += 1
        if announce:
            await self.announce(self.version - 1)

    async def announce(self, previous_version: int) -> None:
        """Publish the change from `previous_version`; a heartbeat when that is the current one."""
        versions = range(previous_version + 1, self.version + 1)
        change = DirectoryChanged(
            previous_version=previous_version,
            version=self.version,
            applications=tuple(application(version) for version in versions),
            endpoints=tuple(endpoint(version) for version in versions),
        )
        await self.process.writer.write([Publication(DIRECTORY_CHANGED, change)])


def follow(
    process: ProcessDouble, copy: Copy, *, with_applications: bool = False
) -> DirectoryFollower:
    queries = QueryClient(process.broker, replica="follower", clock_ms=clock_ms, timeout_s=0.5)
    follower = DirectoryFollower(
        process.broker, queries, copy, with_applications=with_applications, with_endpoints=True
    )
    process.run(queries.run())
    process.run(follower.run())
    return follower


@pytest.fixture
async def directory(new_process: NewProcess) -> Directory:
    return Directory(await new_process("dispatcher"))


async def test_a_follower_starts_with_what_it_missed(
    process: ProcessDouble, directory: Directory
) -> None:
    for _ in range(5):
        await directory.change(announce=False)
    directory.process.run(directory.server.run())
    copy = Copy(version=1)

    follower = follow(process, copy)
    await copy.reaches(5)

    assert copy.endpoints == [2, 3, 4, 5]
    assert copy.applications == []
    assert follower.running


async def test_changes_are_applied_without_asking(
    process: ProcessDouble, directory: Directory
) -> None:
    directory.process.run(directory.server.run())
    await directory.change()
    copy = Copy()
    follow(process, copy, with_applications=True)
    await copy.reaches(1)
    asked = len(directory.asked)

    await directory.change()
    await directory.change()
    await copy.reaches(3)

    assert copy.applications == copy.endpoints == [1, 2, 3]
    assert len(directory.asked) == asked


async def test_a_gap_is_noticed_and_asked_for(process: ProcessDouble, directory: Directory) -> None:
    directory.process.run(directory.server.run())
    await directory.change()
    copy = Copy()
    follow(process, copy)
    await copy.reaches(1)

    await directory.change(announce=False)
    await directory.change()
    await copy.reaches(3)

    assert sorted(set(copy.endpoints)) == [1, 2, 3]
    assert directory.asked[-1] == 1


async def test_a_heartbeat_tells_of_a_lost_change(
    process: ProcessDouble, directory: Directory, redis: Redis
) -> None:
    directory.process.run(directory.server.run())
    await directory.change()
    copy = Copy()
    follow(process, copy)
    await copy.reaches(1)

    await directory.change(announce=False)
    await redis.flushall()
    await directory.announce(directory.version)
    await copy.reaches(2)


async def test_a_repeated_change_is_not_applied_again(
    process: ProcessDouble, directory: Directory
) -> None:
    directory.process.run(directory.server.run())
    await directory.change()
    copy = Copy()
    follow(process, copy)
    await copy.reaches(1)

    await directory.announce(0)
    await directory.change()
    await copy.reaches(2)

    assert copy.endpoints == [1, 2]


async def test_a_follower_waits_for_a_dispatcher_that_is_away(
    process: ProcessDouble, directory: Directory
) -> None:
    await directory.change(announce=False)
    copy = Copy()
    follow(process, copy)
    await asyncio.sleep(0.7)  # the first question times out

    directory.process.run(directory.server.run())

    await copy.reaches(1)


@pytest.mark.parametrize("failures", [1, 2])
async def test_a_copy_that_fails_for_a_while_is_completed(
    process: ProcessDouble, directory: Directory, failures: int
) -> None:
    directory.process.run(directory.server.run())
    await directory.change()
    copy = Copy()
    follow(process, copy)
    await copy.reaches(1)

    copy.failures = failures
    await directory.change()

    await copy.reaches(2)
