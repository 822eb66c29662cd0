"""An empty, migrated dispatcher database on each engine, and a dispatcher over it."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.schema import Schema
from angarium_chassis.sealing import Seal
from angarium_dispatcher.adapters.database.configuration_changes import DatabaseConfiguration
from angarium_dispatcher.adapters.database.configuration_reads import DatabaseReads
from angarium_dispatcher.adapters.database.schema import SCHEMA
from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.store import DirectoryChange
from angarium_dispatcher.application.dispatch.recipients_cache import RecipientsCache
from angarium_dispatcher.build_dispatcher import DispatcherClocks, DispatcherPorts, build_dispatcher
from angarium_webhooks.egress.egress_rules import EgressRules

SEAL = Seal(bytes(32))


@dataclass
class RecordingAnnouncer:
    """An announcer that records the changes it is given."""

    changes: list[DirectoryChange] = field(default_factory=list)
    policies: list[tuple[frozenset[bytes], int]] = field(default_factory=list)

    async def announce(self, change: DirectoryChange) -> None:
        self.changes.append(change)

    async def announce_policies(self, tenant_ids: Collection[bytes], version: int) -> None:
        self.policies.append((frozenset(tenant_ids), version))


@dataclass
class ChosenSettings:
    """The settings that the composition reads, as a test chooses them."""

    endpoints_per_application_max: int = 100
    allow_http_endpoints: bool = False
    stream_destinations: bool = False
    egress_rules: EgressRules = EgressRules()  # noqa: RUF009 - immutable
    secret_grace_s: int = 86_400
    signature_headers: Literal["webhook", "svix", "both"] = "webhook"
    require_event_types: bool = False
    cached_applications_max: int = 1_000
    cached_filters_max: int = 100_000
    public_url: str | None = None


@dataclass
class Bench:
    """One process of the dispatcher over a database, without its streams."""

    database: Database
    reads: DatabaseReads
    context: ConfigurationContext
    cache: RecipientsCache
    announcer: RecordingAnnouncer
    outbox_woken: asyncio.Event
    seal: Seal = SEAL


_ticks = itertools.count()
_ids = itertools.count(1)


def a_process(
    database: Database,
    *,
    endpoints_max: int = 100,
    stream_destinations: bool = False,
    egress_rules: EgressRules | None = None,
) -> Bench:
    """A process whose clock advances by a second at each reading, and whose ids count up."""
    announcer, woken, reads = RecordingAnnouncer(), asyncio.Event(), DatabaseReads(database)
    dispatcher = build_dispatcher(
        DispatcherPorts(DatabaseConfiguration(database), reads, announcer, woken.set, SEAL),
        ChosenSettings(
            endpoints_max,
            stream_destinations=stream_destinations,
            egress_rules=egress_rules or EgressRules(),
        ),
        DispatcherClocks(
            now=lambda: datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=next(_ticks)),
            new_id=lambda: next(_ids).to_bytes(16),
            random_bytes=os.urandom,
        ),
    )
    return Bench(database, reads, dispatcher.context, dispatcher.cache, announcer, woken)


@pytest.fixture(scope="session")
def schema() -> Schema:
    """The dispatcher's."""
    return SCHEMA


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """A migrated database; the test runs once on each engine."""
    opened = open_database(migrated_url)
    yield opened
    await opened.close()


@pytest.fixture
def bench(database: Database) -> Bench:
    """One process over the database."""
    return a_process(database)


@pytest.fixture
def second_bench(database: Database) -> Bench:
    """Another process over the same database."""
    return a_process(database)
