"""An empty, migrated dispatcher database on each engine, and means to work on it."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.sealing import Seal
from angarium_dispatcher.adapters.database.configuration_changes import DatabaseConfiguration
from angarium_dispatcher.adapters.database.configuration_reads import DatabaseReads
from angarium_dispatcher.adapters.database.schema import SCHEMA
from angarium_dispatcher.application.change_configuration import ConfigurationChanges
from angarium_dispatcher.application.configuration_store import DirectoryChange
from angarium_dispatcher.application.endpoint_secrets import EndpointSecrets
from angarium_dispatcher.application.means import Means

SEAL = Seal(bytes(32))


@dataclass
class HeardChanges:
    """An announcer that remembers what it was told."""

    changes: list[DirectoryChange] = field(default_factory=list)

    async def announce(self, change: DirectoryChange) -> None:
        self.changes.append(change)


@dataclass
class Forgotten:
    """A memory that remembers what it was told to forget."""

    applications: list[bytes] = field(default_factory=list)
    tenants: list[bytes] = field(default_factory=list)

    def forget(self, application_id: bytes) -> None:
        self.applications.append(application_id)

    def forget_tenants(self, tenant_ids: Collection[bytes]) -> None:
        self.tenants.extend(sorted(tenant_ids))


@dataclass
class Bench:
    """The use cases' means over one database, as one process of the dispatcher has them."""

    database: Database
    reads: DatabaseReads
    means: Means
    heard: HeardChanges
    forgotten: Forgotten
    outbox_woken: asyncio.Event
    seal: Seal = SEAL


_ticks = itertools.count()
_ids = itertools.count(1)


def a_process(database: Database, *, endpoints_max: int = 100) -> Bench:
    """Its clock goes on by a second at each look; ids count up."""
    heard = HeardChanges()
    forgotten = Forgotten()
    woken = asyncio.Event()
    means = Means(
        changes=ConfigurationChanges(DatabaseConfiguration(database), heard, forgotten, woken.set),
        secrets=EndpointSecrets(SEAL, os.urandom),
        seal=SEAL,
        new_id=lambda: next(_ids).to_bytes(16),
        now=lambda: datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=next(_ticks)),
        allow_http=False,
        endpoints_max=endpoints_max,
    )
    return Bench(database, DatabaseReads(database), means, heard, forgotten, woken)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database; the test runs once on each engine."""
    opened = open_database(database_url)
    await SCHEMA.migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
def bench(database: Database) -> Bench:
    """One process over the database."""
    return a_process(database)


@pytest.fixture
def second_bench(database_url: str, database: Database) -> Bench:
    """Another process over the same database."""
    return a_process(database)
