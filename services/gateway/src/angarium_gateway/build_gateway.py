"""Builds one gateway over its ports: `main.py` passes adapters, the tests pass models."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from angarium_chassis.http_server.trusted_proxies import NO_PROXIES, TrustedProxies
from angarium_chassis.sealing import Seal
from angarium_chassis.tracing.spans import Spans
from angarium_webhooks.fetch_link import KEY_PURPOSE
from litestar.types import ASGIApp

from .adapters.console.assets import BuiltAssets
from .adapters.console.web_pages import WebPages, WebPagesOptions
from .adapters.http.accept_route import AcceptRoute, body_bytes_max
from .adapters.http.access_control import AccessControl
from .adapters.http.application import create_api
from .adapters.http.cross_origin import CrossOrigin
from .adapters.http.dependencies import ApiDependencies
from .adapters.http.ingest_route import IngestRoute
from .adapters.http.login_refusals import LoginRefusals
from .adapters.http.post_batch import PostBatch
from .adapters.http.request_traces import RequestTraces, TraceSampling
from .adapters.http.schema_checks import SchemaChecks
from .adapters.http.schemas.operational_payload import operational_payload
from .adapters.streams.service_answers import ServiceAnswers
from .application.accept.accept_batch import AcceptBatch
from .application.accept.accept_counters import AcceptCounters
from .application.accept.accept_message import AcceptMessage
from .application.accept.event_type_schemas import CompileSchema, EventTypeSchemas
from .application.accept.idempotency import IdempotencyKeys
from .application.accept.sealed_answers import SealedAnswers
from .application.configuration.application_directory import ApplicationCopy, ApplicationDirectory
from .application.configuration.change_configuration import ChangeConfiguration
from .application.configuration.create_missing import CreateMissing
from .application.configuration.endpoint_secrets import EndpointSecrets
from .application.erasure.delete_content import DeleteContent
from .application.erasure.erasable_messages import ErasableMessages
from .application.erasure.erasure import build_erasure
from .application.erasure.receipts import KEY_PURPOSE as RECEIPT_KEY_PURPOSE
from .application.feed.event_feed import FollowedMessages
from .application.feed.listeners import ListenerLimits, Listeners
from .application.ingest.receive_webhook import ReceiveWebhook
from .application.ingest.source_secrets import SourceSecrets
from .application.ingest.sources import IngestSources, Sources
from .application.legal_holds import LegalHolds
from .application.platform.backlog_series import SampleBacklog
from .application.platform.platform import PlatformPorts, build_platform
from .application.publish.message_order import OpenMessageSearch
from .application.read.attempts import ReadAttempts
from .application.read.deliveries import ReadDeliveries
from .application.read.endpoint_delivery import ReadEndpointDelivery
from .application.read.fetch_payload import FetchPayload
from .application.read.messages import MessageSearch
from .application.read.overview import ReadOverview
from .application.read.poll_messages import PolledJournal, PollMessages
from .application.read.references import References
from .application.read.search_attempts import SearchAttemptsOfMessages
from .application.read.statistics import AcceptedMessages, ReadStatistics
from .application.read.waiting_polls import WaitingPolls
from .application.redelivery.cancel_deliveries import CancelPendingDeliveries
from .application.redelivery.expunge_content import ExpungeContent, Payloads
from .application.redelivery.redelivery import (
    Redelivery,
    RedeliveryLimits,
    RedeliveryPorts,
    build_redelivery,
)
from .application.tenants.api_keys import KeyUses, TenantKeys
from .application.tenants.audit_log import AuditLog
from .application.tenants.authentication import Authenticator, Logins
from .application.tenants.authorization import Authorizer
from .application.tenants.erase_tenants import DeletedTenants, EraseTenants
from .application.tenants.integrations import Integrations
from .application.tenants.last_uses import LastUses
from .application.tenants.oidc_sign_in import IdentityProvider, OidcRules, OidcSignIn, TenantNames
from .application.tenants.payload_retention import PayloadRetentions
from .application.tenants.portal_tokens import PortalTokens
from .application.tenants.publish_operational_events import PublishOperationalEvents
from .application.tenants.rate_limiter import RateLimiter, SharedCounts
from .application.tenants.record_change import WRITE_TIMEOUT_S, RecordChange
from .application.tenants.schema_violations import CountSchemaViolations, StoredSchemaViolations
from .application.tenants.sign_ins import SignIns
from .application.tenants.tenant_retention import TenantRetentions
from .application.tenants.tenant_schema_checks import TenantSchemaChecks
from .application.tenants.tenants import Tenants
from .build_hot_path import HotPath, HotPathLimits, HotPathPorts, build_hot_path


class StoredTenants(Tenants, DeletedTenants, TenantNames, Protocol):
    """Tenants: managed by operators, found by name, and erased."""


class StoredPortalTokens(Logins, PortalTokens, Protocol):
    """Portal tokens: found by the token, and managed by tenants."""


class StoredKeys(Logins, TenantKeys, KeyUses, Protocol):
    """API keys: found by their tokens, managed by tenants, and noted as used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPorts:
    """The ports of a gateway."""

    hot_path: HotPathPorts
    redelivery: RedeliveryPorts
    applications: ApplicationCopy
    ingest_sources: IngestSources
    messages: PolledJournal
    payloads: Payloads
    erasable: ErasableMessages
    legal_holds: LegalHolds
    open_messages: OpenMessageSearch
    api_keys: StoredKeys
    integrations: Integrations
    portal_tokens: StoredPortalTokens
    sign_ins: SignIns
    tenants: StoredTenants
    idempotency_keys: IdempotencyKeys
    audit_log: AuditLog
    retentions: TenantRetentions
    payload_retentions: PayloadRetentions
    schema_checks: TenantSchemaChecks
    schema_violations: StoredSchemaViolations
    compile_schema: CompileSchema
    quota_counts: SharedCounts
    seal: Seal
    web_assets: BuiltAssets
    followed_messages: FollowedMessages
    message_search: MessageSearch
    accepted: AcceptedMessages
    platform: PlatformPorts
    identity_provider: IdentityProvider | None = None
    spans: Spans | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayLimits:
    """Bounds of one process, out of its settings, and where clients reach it."""

    hot_path: HotPathLimits
    redelivery: RedeliveryLimits
    payload_bytes_max: int
    message_retention_days: int = 90
    body_bytes_max: int = 1024 * 1024
    cors_origins: frozenset[str] = frozenset()
    proxies: TrustedProxies = NO_PROXIES
    audit_timeout_s: float = WRITE_TIMEOUT_S
    public_url: str | None = None
    documentation_url: str | None = None
    web_pages: WebPagesOptions = field(default_factory=WebPagesOptions)
    listeners: ListenerLimits = field(default_factory=ListenerLimits)
    statistics_hours_kept_days: int = 90
    admin_keys_operate_platform: bool = False
    oidc: OidcRules | None = None
    trace_sampling: TraceSampling = field(default_factory=TraceSampling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The sources of time and of ids. `clock_s` is monotonic; `make_ids` makes so many at once."""

    clock_s: Callable[[], float]
    now: Callable[[], datetime]
    make_id: Callable[[], bytes]
    make_ids: Callable[[int], Sequence[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway that is ready to serve `http` and to run its loops."""

    hot_path: HotPath
    redelivery: Redelivery
    directory: ApplicationDirectory
    schemas: EventTypeSchemas
    last_uses: LastUses
    violations: CountSchemaViolations
    erasure: EraseTenants
    http: ASGIApp
    answers: ServiceAnswers
    sample_backlog: SampleBacklog


def build_gateway(
    ports: GatewayPorts,
    limits: GatewayLimits,
    clocks: Clocks,
    *,
    replica: str,
    is_stopping: Callable[[], bool] = lambda: False,
    create_routes: Callable[[ApiDependencies], ASGIApp] = create_api,
) -> Gateway:
    """Build the gateway process `replica`. `create_routes` makes the routes of the API; creating
    them is nearly all of the time that this function takes."""
    ask_dispatcher = ports.redelivery.ask_dispatcher
    hot_path = build_hot_path(
        ports.hot_path,
        limits.hot_path,
        owner=replica,
        clock_s=clocks.clock_s,
        spans=ports.spans,
    )
    directory = ApplicationDirectory(ports.applications, ask_dispatcher)
    references = References(directory, ports.messages, ask_dispatcher)
    accept = AcceptMessage(
        directory,
        ports.hot_path.journal,
        hot_path.commits,
        clocks.make_id,
        hot_path.scheduled,
        hot_path.counters,
    )
    redelivery = build_redelivery(
        ports.redelivery,
        limits.redelivery,
        references,
        directory,
        ports.applications,
        make_id=clocks.make_id,
        now=clocks.now,
        clock_s=clocks.clock_s,
    )
    last_uses = LastUses(ports.api_keys, clocks.now)
    violations = CountSchemaViolations(ports.schema_violations, clocks.now)
    api = replace(
        _api(
            ports,
            limits,
            clocks,
            directory,
            references,
            redelivery,
            last_uses,
            violations,
            hot_path,
        ),
        is_stopping=is_stopping,
    )
    pages = WebPages(create_routes(api), ports.web_assets, limits.web_pages)
    # Messages come first: most requests are theirs.
    ingest = _ingest_route(pages, api, ports, limits, clocks, accept)
    http = _accept_route(ingest, api, ports, limits, accept, hot_path.counters)
    return Gateway(
        hot_path=hot_path,
        redelivery=redelivery,
        directory=directory,
        schemas=api.schemas,
        last_uses=last_uses,
        violations=violations,
        erasure=EraseTenants(ports.tenants, ask_dispatcher, api.change_configuration),
        http=CrossOrigin(http, limits.cors_origins) if limits.cors_origins else http,
        answers=ServiceAnswers(
            ports.open_messages,
            PublishOperationalEvents(
                accept,
                ports.applications,
                ports.messages,
                partial(operational_payload, documentation_url=limits.documentation_url),
            ),
            ports.retentions,
            redelivery.resume,
            redelivery.kept,
            ports.legal_holds,
        ),
        sample_backlog=api.platform.sample_backlog,
    )


def _traces(ports: GatewayPorts, limits: GatewayLimits) -> RequestTraces:
    return RequestTraces(ports.spans, limits.trace_sampling)


def _accept_route(
    rest: ASGIApp,
    api: ApiDependencies,
    ports: GatewayPorts,
    limits: GatewayLimits,
    accept: AcceptMessage,
    counters: AcceptCounters,
) -> ASGIApp:
    return AcceptRoute(
        rest,
        api.access,
        accept,
        CreateMissing(api.change_configuration),
        api.check_schema,
        payload_bytes_max=limits.payload_bytes_max,
        message_retention_days=limits.message_retention_days,
        counters=counters,
        traces=_traces(ports, limits),
    )


def _ingest_route(
    rest: ASGIApp,
    api: ApiDependencies,
    ports: GatewayPorts,
    limits: GatewayLimits,
    clocks: Clocks,
    accept: AcceptMessage,
) -> ASGIApp:
    return IngestRoute(
        rest,
        api.access,
        Sources(ports.ingest_sources, ports.seal, clocks.clock_s),
        ReceiveWebhook(accept, clocks.now),
        payload_bytes_max=limits.payload_bytes_max,
        public_url=limits.public_url,
        clock_s=clocks.clock_s,
        traces=_traces(ports, limits),
        now=clocks.now,
    )


def _api(
    ports: GatewayPorts,
    limits: GatewayLimits,
    clocks: Clocks,
    directory: ApplicationDirectory,
    references: References,
    redelivery: Redelivery,
    last_uses: LastUses,
    violations: CountSchemaViolations,
    hot_path: HotPath,
) -> ApiDependencies:
    ask_dispatcher, ask_worker = ports.redelivery.ask_dispatcher, ports.redelivery.ask_worker
    access = AccessControl(
        Authenticator(
            ports.api_keys,
            ports.portal_tokens,
            clocks.clock_s,
            on_use=last_uses.note,
            admins_operate=limits.admin_keys_operate_platform,
        ),
        Authorizer(directory),
        LoginRefusals(clocks.clock_s, limits.proxies),
        RateLimiter(ports.quota_counts, lambda: clocks.now().timestamp()),
    )
    schemas = EventTypeSchemas(ask_dispatcher, ports.compile_schema)
    check_schema = SchemaChecks(schemas, violations)
    schedule, replayed = ports.hot_path.schedule, ports.redelivery.replayed
    expunge = ExpungeContent(
        references, schedule, replayed, ports.payloads, ask_worker, ports.legal_holds
    )
    change_configuration = ChangeConfiguration(ask_dispatcher, directory)
    return ApiDependencies(
        access=access,
        post_batch=PostBatch(
            access,
            AcceptBatch(
                directory,
                ports.hot_path.journal,
                hot_path.commits,
                clocks.make_ids,
                hot_path.scheduled,
                hot_path.counters,
            ),
            CreateMissing(change_configuration),
            check_schema,
            payload_bytes_max=limits.payload_bytes_max,
            message_retention_days=limits.message_retention_days,
            traces=_traces(ports, limits),
            now=clocks.now,
        ),
        schemas=schemas,
        check_schema=check_schema,
        schema_checks=ports.schema_checks,
        schema_violations=ports.schema_violations,
        batch_bytes_max=body_bytes_max(limits.payload_bytes_max),
        idempotency_keys=SealedAnswers(ports.idempotency_keys, ports.seal),
        ask_dispatcher=ask_dispatcher,
        change_configuration=change_configuration,
        endpoint_secrets=EndpointSecrets(ask_dispatcher, ports.seal),
        directory=directory,
        journal=ports.messages,
        read_attempts=ReadAttempts(references, ask_worker),
        read_deliveries=ReadDeliveries(
            references=references,
            journal=ports.messages,
            ask_dispatcher=ask_dispatcher,
            ask_worker=ask_worker,
        ),
        read_endpoint_delivery=ReadEndpointDelivery(references, ask_worker),
        poll_messages=PollMessages(references, ports.messages, ask_worker),
        waiting_polls=WaitingPolls(hot_path.arrivals, clocks.clock_s),
        read_statistics=ReadStatistics(
            directory=directory,
            references=references,
            accepted=ports.accepted,
            ask_worker=ask_worker,
            now=clocks.now,
            hours_kept_days=limits.statistics_hours_kept_days,
        ),
        overview=ReadOverview(ask_dispatcher, ask_worker),
        redelivery=redelivery,
        cancel=CancelPendingDeliveries(references, ports.hot_path.schedule, ask_worker),
        expunge=expunge,
        legal_holds=ports.legal_holds,
        erasure=build_erasure(
            ports.erasable,
            ports.legal_holds,
            DeleteContent(schedule, replayed, ports.payloads, ask_worker),
            expunge,
            references,
            directory,
            redelivery,
            ask_dispatcher,
            receipt_keys=ports.seal.derived_keys(RECEIPT_KEY_PURPOSE),
            make_id=clocks.make_id,
            now=clocks.now,
        ),
        platform=build_platform(ports.platform, ask_dispatcher, ask_worker, clocks.now),
        retentions=ports.retentions,
        payload_retentions=ports.payload_retentions,
        source_secrets=SourceSecrets(ports.seal, os.urandom),
        keys=ports.api_keys,
        integrations=ports.integrations,
        portal_tokens=ports.portal_tokens,
        sign_ins=ports.sign_ins,
        oidc=_oidc(ports, limits, clocks),
        tenants=ports.tenants,
        audit_log=ports.audit_log,
        record_change=RecordChange(
            ports.audit_log, clocks.make_id, write_timeout_s=limits.audit_timeout_s
        ),
        message_search=ports.message_search,
        search_attempts_of_messages=SearchAttemptsOfMessages(ports.message_search, ask_worker),
        ask_worker=ask_worker,
        listeners=Listeners(
            ports.followed_messages,
            ask_worker,
            ask_dispatcher,
            lambda: int(clocks.now().timestamp() * 1000),
            limits.listeners,
        ),
        fetch_payload=FetchPayload(
            directory, ports.messages, ports.seal.derived_keys(KEY_PURPOSE), clocks.now
        ),
        body_bytes_max=limits.body_bytes_max,
        public_url=limits.public_url,
        documentation_url=limits.documentation_url,
        proxies=limits.proxies,
    )


def _oidc(ports: GatewayPorts, limits: GatewayLimits, clocks: Clocks) -> OidcSignIn | None:
    if ports.identity_provider is None or limits.oidc is None:
        return None
    return OidcSignIn(
        ports.identity_provider, ports.sign_ins, ports.tenants, ports.seal, limits.oidc, clocks.now
    )
