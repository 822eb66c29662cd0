"""The ports of a gateway over its database, Redis and the identity provider."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from angarium_chassis.database.engine import Database
from angarium_chassis.service import (
    seal_of,
)
from angarium_contracts.ids import IdMaker

from .adapters.console.assets import NO_ASSETS, read_built_assets
from .adapters.database.api_keys import ApiKeyTable
from .adapters.database.application_copy import ApplicationCopyTable
from .adapters.database.audit_log import AuditLogTable
from .adapters.database.background_tasks import BackgroundTaskTable
from .adapters.database.backlog_samples import BacklogSamples
from .adapters.database.batches import BatchTable
from .adapters.database.erasable_messages import StoredErasableMessages
from .adapters.database.expunged_payloads import ExpungedPayloads
from .adapters.database.idempotency_keys import StoredIdempotencyKeys
from .adapters.database.ingest_sources import IngestSourceTable
from .adapters.database.integrations import IntegrationTable
from .adapters.database.legal_holds import StoredLegalHolds
from .adapters.database.message_feed import MessageFeed
from .adapters.database.message_queries import StoredMessages
from .adapters.database.message_search import MessageSearchTable
from .adapters.database.message_statistics import MessageStatistics
from .adapters.database.open_messages import OpenMessages
from .adapters.database.payload_retentions import StoredPayloadRetentions
from .adapters.database.portal_tokens import PortalTokenTable
from .adapters.database.postgres_journal import PostgresJournal
from .adapters.database.replayed_messages import StoredReplayedMessages
from .adapters.database.retention_tenants import TenantRetentionColumn
from .adapters.database.schedule import ScheduleTable
from .adapters.database.schema_checks import TenantSchemaCheckColumn
from .adapters.database.schema_violations import SchemaViolationTable
from .adapters.database.set_aside_batches import SetAsideBatches
from .adapters.database.sign_ins import SignInTable
from .adapters.database.sqlite_journal import SqliteJournal
from .adapters.database.tenants import TenantTable
from .adapters.http.sign_in import CALLBACK_PATH
from .adapters.json_schema.payload_checks import compile_schema
from .adapters.streams.platform_view import RedisPlatformView
from .application.platform.platform import PlatformPorts
from .application.platform.quarantine import QuarantineWork, Shelf
from .application.publish.recovery import StreamWatch
from .application.publish.relay import PublishBatches
from .application.redelivery.redelivery import RedeliveryPorts
from .application.service_query import ServiceQuery
from .application.tenants.audit_chain import PURPOSE
from .application.tenants.oidc_sign_in import IdentityProvider
from .application.tenants.rate_limiter import SharedCounts
from .build_gateway import Clocks, GatewayPorts
from .build_hot_path import HotPathPorts
from .examination.answer import GatewayExamination
from .settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPorts:
    """The ports that Redis implements."""

    publish: PublishBatches
    watch: StreamWatch
    ask_dispatcher: ServiceQuery
    ask_worker: ServiceQuery
    quota_counts: SharedCounts
    platform: RedisPlatformView
    shelves: Mapping[str, Shelf]


def open_journal(settings: Settings, database: Database) -> PostgresJournal | SqliteJournal:
    """The journal in `database`, to be closed at the end."""
    journal_type = PostgresJournal if database.on_postgres else SqliteJournal
    return journal_type(
        database,
        clock_us=lambda: time.time_ns() // 1_000,
        key_life_us=settings.idempotency_key_life_s * 1_000_000,
    )


def ports_over(
    database: Database,
    journal: PostgresJournal | SqliteJournal,
    streams: StreamPorts,
    settings: Settings,
    *,
    copy: ApplicationCopyTable,
    make_id: IdMaker,
) -> GatewayPorts:
    """All ports of a gateway: its tables in `database`, and `streams`."""
    api_keys = ApiKeyTable(database, make_id=make_id, now=_utc_now, random_bytes=os.urandom)
    return GatewayPorts(
        hot_path=HotPathPorts(
            journal=journal,
            batches=BatchTable(database),
            schedule=ScheduleTable(database),
            publish=streams.publish,
            watch=streams.watch,
        ),
        redelivery=RedeliveryPorts(
            replayed=StoredReplayedMessages(database),
            tasks=BackgroundTaskTable(database),
            ask_dispatcher=streams.ask_dispatcher,
            ask_worker=streams.ask_worker,
        ),
        applications=copy,
        ingest_sources=IngestSourceTable(database),
        messages=StoredMessages(database),
        payloads=ExpungedPayloads(database),
        erasable=StoredErasableMessages(database),
        legal_holds=StoredLegalHolds(database),
        open_messages=OpenMessages(database),
        integrations=IntegrationTable(database, now=_utc_now, random_bytes=os.urandom),
        api_keys=api_keys,
        portal_tokens=PortalTokenTable(
            database, make_id=make_id, now=_utc_now, random_bytes=os.urandom
        ),
        sign_ins=SignInTable(database, api_keys, now=_utc_now, random_bytes=os.urandom),
        tenants=TenantTable(database, make_id=make_id, now=_utc_now),
        idempotency_keys=StoredIdempotencyKeys(database),
        audit_log=AuditLogTable(database, seal_of(settings).derived_key(PURPOSE)),
        retentions=TenantRetentionColumn(database),
        payload_retentions=StoredPayloadRetentions(database),
        schema_checks=TenantSchemaCheckColumn(database),
        schema_violations=SchemaViolationTable(database),
        compile_schema=compile_schema,
        quota_counts=streams.quota_counts,
        seal=seal_of(settings),
        web_assets=read_built_assets() if settings.console or settings.portal else NO_ASSETS,
        followed_messages=MessageFeed(database),
        message_search=MessageSearchTable(database),
        accepted=MessageStatistics(database),
        identity_provider=identity_provider(settings),
        platform=PlatformPorts(
            streams=streams.platform,
            journal=GatewayExamination(database, seal_of(settings), streams.platform.in_streams),
            quarantine=QuarantineWork(
                streams.shelves, SetAsideBatches(database), lambda: uuid4().hex
            ),
            backlog=BacklogSamples(database),
        ),
    )


def identity_provider(settings: Settings) -> IdentityProvider | None:
    """The OpenID Connect provider; None unless the operator has set one up."""
    if settings.oidc_issuer is None:
        return None
    # Takes some time to import, which a gateway without it should not spend.
    from .adapters.oidc.provider import OidcClient, OidcProvider

    secret = settings.oidc_client_secret
    return OidcProvider(
        OidcClient(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id or "",
            secret=None if secret is None else secret.get_secret_value(),
            redirect_uri=f"{(settings.public_url or '').rstrip('/')}{CALLBACK_PATH}",
            scopes=settings.oidc_scopes,
            roles_claim=settings.oidc_roles_claim,
        )
    )


def clocks(make_id: IdMaker) -> Clocks:
    """The clocks of this machine."""
    return Clocks(clock_s=time.monotonic, now=_utc_now, make_id=make_id, make_ids=make_id.many)


def _utc_now() -> datetime:
    return datetime.now(UTC)
