"""The HTTP API over hand-written services, journal and keys, and a client of it."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from typing import Any, cast

import httpx
import pytest
from angarium_chassis.sealing import Seal
from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import Application, ApplicationSaved, Endpoint, EndpointSaved
from angarium_contracts.contract import Contract
from angarium_contracts.directory import ApplicationState, EndpointState
from angarium_contracts.ids import MESSAGE, parse_id
from angarium_contracts.operational import OrderRange
from angarium_contracts.queries import Problem
from angarium_contracts.retention import TenantRetention
from angarium_gateway.adapters.console.assets import Asset, BuiltAssets
from angarium_gateway.adapters.json_schema.payload_checks import compile_schema
from angarium_gateway.application.accept.idempotency import (
    Answer,
    Claim,
    Claimed,
    InFlight,
    Replayed,
    UsedForAnother,
)
from angarium_gateway.application.feed.feed_events import AcceptedMessage, FeedScope
from angarium_gateway.application.read.messages import (
    FoundMessages,
    Message,
    MessageFilter,
    MessagePage,
    MessageWindow,
)
from angarium_gateway.application.read.statistics import AcceptedQuery, AcceptedSeries
from angarium_gateway.application.redelivery.redelivery import RedeliveryLimits, RedeliveryPorts
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.tenants.payload_retention import TooManyRules
from angarium_gateway.application.tenants.schema_violations import SchemaViolations
from angarium_gateway.application.tenants.tenant_retention import PAGE_MAX
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.build_gateway import (
    Clocks,
    Gateway,
    GatewayLimits,
    GatewayPorts,
    build_gateway,
)
from angarium_gateway.build_hot_path import HotPathLimits, HotPathPorts
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import PLATFORM_TENANT, KeyScope
from angarium_gateway.domain.schema_checks import SchemaCheck

from ...fakes.journal_model import JournalModel
from ...fakes.legal_hold_model import MemoryLegalHolds
from ...fakes.quota_counts import MemoryQuotaCounts
from ...fakes.redelivery_models import MemoryReplayJournal, MemoryTasks
from ...fakes.relay_rig import StreamModel, WatchModel
from .audit_model import MemoryAuditLog, audit_id
from .key_model import MemoryApiKeys, MemoryIntegrations
from .platform_model import PlatformModel
from .portal_model import MemoryPortalTokens
from .shared_routes import SharedRoutes
from .sign_in_model import MemorySignIns
from .source_model import MemoryIngestSources
from .tenant_model import MemoryTenants

TENANT, OTHER_TENANT = b"t" * 16, b"o" * 16
APPLICATION_ID, ENDPOINT_ID = b"a" * 16, b"e" * 16
TOKEN, OTHER_TOKEN = "ang_first", "ang_other"
PLATFORM_TOKEN = "ang_platform"
MADE_AT = datetime(2030, 1, 2, 3, 4, 5, 678_901, UTC)
AUDIT_TIMEOUT_S = 0.5
BODY_BYTES_MAX = 4096

APPLICATION = Application(
    id=APPLICATION_ID,
    uid="acme",
    name="Acme",
    throttle_rate=None,
    metadata={"plan": "gold"},
    created_at=MADE_AT,
    updated_at=MADE_AT,
)
STATE = ApplicationState(id=APPLICATION_ID, tenant_id=TENANT, version=7, uid="acme")
ENDPOINT = Endpoint(
    id=ENDPOINT_ID,
    application_id=APPLICATION_ID,
    uid="orders",
    url="https://example.com/hook",
    description="",
    disabled=False,
    throttle_rate=None,
    event_types=("invoice.paid",),
    channels=None,
    metadata={},
    created_at=MADE_AT,
    updated_at=MADE_AT,
)
ENDPOINT_STATE = EndpointState(
    id=ENDPOINT_ID, tenant_id=TENANT, application_id=APPLICATION_ID, version=8
)


def application_saved(*, created: bool = False) -> ApplicationSaved:
    return ApplicationSaved(application=APPLICATION, state=STATE, created=created)


def endpoint_saved(*, created: bool = False) -> EndpointSaved:
    return EndpointSaved(
        endpoint=ENDPOINT, state=ENDPOINT_STATE, application=STATE, created=created
    )


@dataclass
class ScriptedService:
    """Answers each type of question as it was told, and remembers what it was asked."""

    answers: dict[type[Contract], Contract | Callable[[Any], Contract | Awaitable[Contract]]] = (
        field(default_factory=dict)
    )
    asked: list[Contract] = field(default_factory=list)

    async def __call__[T: Contract](self, question: Contract, answer: type[T]) -> T | Problem:
        self.asked.append(question)
        scripted = self.answers[type(question)]
        given = scripted(question) if callable(scripted) else scripted
        if isawaitable(given):
            given = await given
        assert isinstance(given, answer | Problem)
        return given


@dataclass
class MemoryApplicationCopy:
    states: dict[bytes, ApplicationState] = field(default_factory=dict)
    learned: list[ApplicationState] = field(default_factory=list)

    async def find(
        self,
        tenant_id: bytes,
        application_id: bytes | None,
        uid: str,
        kind: str = ApplicationKind.APPLICATION,
    ) -> ApplicationState | None:
        for state in self.states.values():
            named = state.id == application_id or (state.uid, state.kind) == (uid, kind)
            if state.tenant_id == tenant_id and named and not state.deleted:
                return state
        return None

    async def learn(self, state: ApplicationState) -> None:
        self.learned.append(state)
        self.states[state.id] = state


@dataclass
class MemoryJournal:
    """Messages of applications; gives pages as they were scripted."""

    messages: dict[bytes, list[Message]] = field(default_factory=dict)
    next_page: MessagePage | None = None
    asked: list[tuple[bytes, MessageWindow, MessageFilter]] = field(default_factory=list)

    async def find(self, application_id: bytes, ref: str, *, with_content: bool) -> Message | None:
        for message in self.messages.get(application_id, ()):
            if ref == message.event_id or parse_id(MESSAGE, ref) == message.id:
                return message if with_content else without_content(message)
        return None

    async def find_many(
        self, application_id: bytes, message_ids: Sequence[bytes], *, with_content: bool = False
    ) -> Mapping[bytes, Message]:
        messages = self.messages.get(application_id, ())
        return {
            item.id: item if with_content else without_content(item)
            for item in messages
            if item.id in message_ids
        }

    async def payloads(
        self, application_id: bytes, message_ids: Sequence[bytes]
    ) -> Mapping[bytes, bytes]:
        messages = self.messages.get(application_id, ())
        return {item.id: item.payload or b"" for item in messages if item.id in message_ids}

    async def payload_sizes(
        self, application_id: bytes, message_ids: Sequence[bytes]
    ) -> Mapping[bytes, int]:
        payloads = await self.payloads(application_id, message_ids)
        return {each: len(payload) for each, payload in payloads.items()}

    async def page(
        self,
        application_id: bytes,
        window: MessageWindow,
        chosen: MessageFilter,
        *,
        with_content: bool,
    ) -> MessagePage:
        self.asked.append((application_id, window, chosen))
        if self.next_page is not None:
            return self.next_page
        found = self.messages.get(application_id, [])
        items = found if with_content else [without_content(item) for item in found]
        ends = (items[-1].id, items[0].id) if items else (None, None)
        return MessagePage(items, done=True, oldest=ends[0], newest=ends[1])


def without_content(message: Message) -> Message:
    return replace(message, payload=None)


@dataclass
class MemoryIdempotencyKeys:
    rows: dict[bytes, tuple[bytes, Claimed, Answer | None]] = field(default_factory=dict)
    at: datetime = MADE_AT
    down: bool = False

    async def claim(self, key_digest: bytes, request_digest: bytes) -> Claim:
        if self.down:
            raise JournalUnavailable
        row = self.rows.get(key_digest)
        if row is not None:
            if row[0] != request_digest:
                return UsedForAnother()
            return InFlight() if row[2] is None else Replayed(row[2])
        self.at += timedelta(microseconds=1)
        claimed = Claimed(self.at)
        self.rows[key_digest] = request_digest, claimed, None
        return claimed

    async def complete(self, key_digest: bytes, claimed: Claimed, answer: Answer) -> None:
        request_digest, held, _ = self.rows[key_digest]
        assert held == claimed
        self.rows[key_digest] = request_digest, claimed, answer

    async def release(self, key_digest: bytes, claimed: Claimed) -> None:
        assert self.rows.pop(key_digest)[1] == claimed


@dataclass
class MemorySchedule:
    """What waits for its time, as application and message."""

    waiting: set[tuple[bytes, bytes]] = field(default_factory=set)

    async def next_due_in_s(self) -> float | None:
        return None

    async def open_due(self, owner: str, *, stream_count: int) -> int:
        return 0

    async def cancel(self, application_id: bytes, message_id: bytes) -> bool:
        waits = (application_id, message_id) in self.waiting
        self.waiting.discard((application_id, message_id))
        return waits


class MemorySchemaViolations:
    """Implements `StoredSchemaViolations`."""

    def __init__(self) -> None:
        self.counts: dict[tuple[bytes, str], SchemaViolations] = {}

    async def add(self, counts: Mapping[tuple[bytes, str], SchemaViolations]) -> None:
        for key, counted in counts.items():
            earlier = self.counts.get(key)
            self.counts[key] = counted if earlier is None else earlier + counted

    async def of_event_types(
        self, tenant_id: bytes, names: Sequence[str]
    ) -> dict[str, SchemaViolations]:
        known = self.counts
        return {name: known[tenant_id, name] for name in names if (tenant_id, name) in known}

    async def forget(self, tenant_id: bytes, name: str) -> None:
        self.counts.pop((tenant_id, name), None)


class MemoryPayloadRetentions:
    """Implements `PayloadRetentions`."""

    def __init__(self) -> None:
        self.applications: dict[tuple[bytes, bytes], int] = {}
        self.event_types: dict[tuple[bytes, str], int] = {}
        self.is_full = False

    async def of_applications(self, tenant_id: bytes, ids: Sequence[bytes]) -> dict[bytes, int]:
        known = self.applications
        return {each: known[tenant_id, each] for each in ids if (tenant_id, each) in known}

    async def of_event_types(self, tenant_id: bytes, names: Sequence[str]) -> dict[str, int]:
        known = self.event_types
        return {name: known[tenant_id, name] for name in names if (tenant_id, name) in known}

    async def set_of_application(
        self, tenant_id: bytes, application_id: bytes, hours: int | None
    ) -> None:
        self.applications.pop((tenant_id, application_id), None)
        if hours is not None:
            self._refuse_if_full()
            self.applications[tenant_id, application_id] = hours

    async def set_of_event_type(self, tenant_id: bytes, name: str, hours: int | None) -> None:
        self.event_types.pop((tenant_id, name), None)
        if hours is not None:
            self._refuse_if_full()
            self.event_types[tenant_id, name] = hours

    def _refuse_if_full(self) -> None:
        if self.is_full:
            raise TooManyRules


class MemoryRetentions:
    """Implements `TenantRetentions`."""

    def __init__(self) -> None:
        self.days: dict[bytes, int | None] = {}

    async def find(self, tenant_id: bytes) -> int | None:
        return self.days.get(tenant_id)

    async def set(self, tenant_id: bytes, days: int | None) -> None:
        self.days[tenant_id] = days

    async def page(self, after: bytes | None) -> list[TenantRetention]:
        found = [
            TenantRetention(tenant_id, days)
            for tenant_id, days in sorted(self.days.items())
            if days is not None and (after is None or tenant_id > after)
        ]
        return found[:PAGE_MAX]


class MemorySchemaChecks:
    """Implements `TenantSchemaChecks`."""

    def __init__(self) -> None:
        self.checks: dict[bytes, SchemaCheck | None] = {}

    async def find(self, tenant_id: bytes) -> SchemaCheck | None:
        return self.checks.get(tenant_id)

    async def set(self, tenant_id: bytes, check: SchemaCheck | None) -> None:
        self.checks[tenant_id] = check


@dataclass
class FollowedModel:
    """Implements `FollowedMessages` over a list, in the order of ids."""

    accepted: list[AcceptedMessage] = field(default_factory=list)
    asked: list[FeedScope] = field(default_factory=list)

    async def follow(
        self, scope: FeedScope, after: bytes, rows_max: int
    ) -> Sequence[AcceptedMessage]:
        self.asked.append(scope)
        found = [
            each
            for each in sorted(self.accepted, key=lambda each: each.message.id)
            if each.message.id > after and scope.application_id in (None, each.application_id)
        ]
        return found[:rows_max]


@dataclass
class SearchModel:
    """Implements `MessageSearch`: gives one page, and remembers what it was asked."""

    page: FoundMessages = field(
        default_factory=lambda: FoundMessages((), done=True, oldest=None, newest=None)
    )
    asked: list[tuple[bytes, bytes | None, MessageWindow, MessageFilter]] = field(
        default_factory=list
    )

    async def search(
        self,
        tenant_id: bytes,
        application_id: bytes | None,
        window: MessageWindow,
        chosen: MessageFilter,
        *,
        with_content: bool,
    ) -> FoundMessages:
        self.asked.append((tenant_id, application_id, window, chosen))
        return self.page


@dataclass
class ScriptedCounts:
    """Implements `AcceptedMessages`: gives the series that it was told, and notes the queries."""

    given: AcceptedSeries | None = field(
        default_factory=lambda: AcceptedSeries([], MADE_AT, MADE_AT)
    )
    asked: list[AcceptedQuery] = field(default_factory=list)

    async def series(self, query: AcceptedQuery) -> AcceptedSeries | None:
        self.asked.append(query)
        return self.given


@dataclass
class World:
    """Everything around the API, and a client that has the first tenant's key."""

    client: httpx.AsyncClient = field(init=False)
    gateway: Gateway = field(init=False)
    dispatcher: ScriptedService = field(default_factory=ScriptedService)
    worker: ScriptedService = field(default_factory=ScriptedService)
    copy: MemoryApplicationCopy = field(default_factory=MemoryApplicationCopy)
    sources: MemoryIngestSources = field(default_factory=MemoryIngestSources)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    commits: JournalModel = field(default_factory=JournalModel)
    keys: MemoryIdempotencyKeys = field(default_factory=MemoryIdempotencyKeys)
    seal: Seal = field(default_factory=lambda: Seal(bytes(32), [b"f" * 32]))
    former_seal: Seal = field(default_factory=lambda: Seal(b"f" * 32))
    replayed: MemoryReplayJournal = field(default_factory=MemoryReplayJournal)
    tasks: MemoryTasks = field(default_factory=MemoryTasks)
    schedule: MemorySchedule = field(default_factory=MemorySchedule)
    audit_log: MemoryAuditLog = field(default_factory=MemoryAuditLog)
    portal_tokens: MemoryPortalTokens = field(default_factory=MemoryPortalTokens)
    tenants: MemoryTenants = field(default_factory=MemoryTenants)
    api_keys: MemoryApiKeys = field(default_factory=MemoryApiKeys)
    schema_violations: MemorySchemaViolations = field(default_factory=MemorySchemaViolations)
    payload_retentions: MemoryPayloadRetentions = field(default_factory=MemoryPayloadRetentions)
    sign_ins: MemorySignIns = field(init=False)
    followed: FollowedModel = field(default_factory=FollowedModel)
    search: SearchModel = field(default_factory=SearchModel)
    accepted: ScriptedCounts = field(default_factory=ScriptedCounts)
    platform: PlatformModel = field(default_factory=PlatformModel)
    is_stopping: bool = False


class NoOpenMessages:
    """Implements `OpenMessageSearch`: no batch is open."""

    async def first_open(self, ranges: Sequence[OrderRange]) -> Sequence[bytes | None]:
        return [None] * len(ranges)

    async def newest(self, ranges: Sequence[OrderRange]) -> Sequence[bytes | None]:
        return [None] * len(ranges)


def a_world() -> tuple[World, GatewayPorts]:
    """The models, and the ports that they stand behind."""
    callers = {
        token_hash(TOKEN): Caller(TENANT, b"k" * 16),
        token_hash(OTHER_TOKEN): Caller(OTHER_TENANT, b"l" * 16),
        token_hash(PLATFORM_TOKEN): Caller(PLATFORM_TENANT, b"p" * 16, KeyScope.PLATFORM),
    }
    world = World(api_keys=MemoryApiKeys(callers))
    world.sign_ins = MemorySignIns(world.api_keys)
    hot_path = HotPathPorts(
        journal=world.commits,
        batches=JournalModel(),
        schedule=world.schedule,
        publish=StreamModel(),
        watch=WatchModel(),
    )
    redelivery = RedeliveryPorts(
        replayed=world.replayed,
        tasks=world.tasks,
        ask_dispatcher=world.dispatcher,
        ask_worker=world.worker,
    )
    return world, GatewayPorts(
        hot_path=hot_path,
        redelivery=redelivery,
        applications=world.copy,
        ingest_sources=world.sources,
        messages=world.journal,
        payloads=world.replayed,
        erasable=world.replayed,
        legal_holds=MemoryLegalHolds(),
        open_messages=NoOpenMessages(),
        api_keys=world.api_keys,
        integrations=MemoryIntegrations(world.api_keys),
        portal_tokens=world.portal_tokens,
        sign_ins=world.sign_ins,
        tenants=world.tenants,
        idempotency_keys=world.keys,
        audit_log=world.audit_log,
        retentions=MemoryRetentions(),
        payload_retentions=world.payload_retentions,
        schema_checks=MemorySchemaChecks(),
        schema_violations=world.schema_violations,
        compile_schema=compile_schema,
        quota_counts=MemoryQuotaCounts(),
        seal=world.seal,
        web_assets=WEB_ASSETS,
        followed_messages=world.followed,
        message_search=world.search,
        platform=world.platform.ports(),
        accepted=world.accepted,
    )


WEB_ASSETS = BuiltAssets(
    pages={"console": "<p>console __CSP_NONCE__", "portal": "<p>portal __CSP_NONCE__"},
    assets={
        "assets/app-1.js": Asset(
            lambda: b"script", b"text/javascript; charset=utf-8", {"br": lambda: b"br"}, True
        ),
        "favicon.svg": Asset(lambda: b"<svg/>", b"image/svg+xml", {}, False),
    },
)
LIMITS = GatewayLimits(
    hot_path=HotPathLimits(window_bytes=1_000_000),
    redelivery=RedeliveryLimits(messages_per_s=100, lease_s=30),
    payload_bytes_max=1024,
    body_bytes_max=BODY_BYTES_MAX,
    audit_timeout_s=AUDIT_TIMEOUT_S,
)


routes = SharedRoutes()


@asynccontextmanager
async def serving(world: World, ports: GatewayPorts, limits: GatewayLimits) -> AsyncIterator[World]:
    """Give the world its client, of a gateway over these ports. One world is served at a time:
    all of them share their routes."""
    ids = itertools.count()
    clocks = Clocks(
        clock_s=lambda: 0.0,
        now=lambda: MADE_AT,
        make_id=lambda: audit_id(next(ids)),
        make_ids=lambda count: [audit_id(next(ids)) for _ in range(count)],
    )
    gateway = build_gateway(
        ports,
        limits,
        clocks,
        replica="replica",
        is_stopping=lambda: world.is_stopping,
        create_routes=routes,
    )
    world.gateway = gateway
    async with httpx.AsyncClient(
        # httpx and Litestar have different types for the same ASGI events.
        transport=httpx.ASGITransport(cast("Any", gateway.http)),
        base_url="http://gateway",
        headers={"authorization": f"Bearer {TOKEN}"},
    ) as client:
        world.client = client
        yield world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with serving(*a_world(), LIMITS) as world:
        yield world
